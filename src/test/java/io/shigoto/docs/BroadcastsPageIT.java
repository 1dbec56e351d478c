package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.broadcast.Message;
import io.shigoto.broadcast.Receiver;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/broadcasts.md. */
class BroadcastsPageIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private final ConnectionFactory factory = db.connectionFactory();

  // shown
  record PriceChanged(String article, long cents) {}

  static final class PriceCache implements Receiver<PriceChanged> {

    private final Map<String, Long> prices = new ConcurrentHashMap<>();

    @Override
    public Mono<Void> receive(Message<PriceChanged> message) {
      return Mono.fromRunnable(
          () -> prices.put(message.payload().article(), message.payload().cents()));
    }

    @Override
    public String topic() {
      return "prices";
    }
  }

  // end

  @Test
  void everyNodeHandlesEveryMessage() {
    Shigoto other = node(new PriceCache());
    // shown
    PriceCache cache = new PriceCache();
    Shigoto shigoto = Shigoto.builder(factory).receiver(cache).build();

    Mono<Long> published =
        shigoto.start().then(shigoto.broadcasts().publish("prices", new PriceChanged("pear", 120)));
    // end
    published.block(LIMIT);
    Await.until(LIMIT, () -> Long.valueOf(120).equals(cache.prices.get("pear")));

    // shown
    Mono<Long> changed =
        Mono.usingWhen(
            factory.create(),
            connection ->
                Mono.from(connection.beginTransaction())
                    .then(change("pear", 130, connection))
                    .then(
                        shigoto
                            .broadcasts()
                            .publish("prices", new PriceChanged("pear", 130), connection))
                    .delayUntil(id -> connection.commitTransaction()),
            Connection::close);
    // end
    changed.block(LIMIT);
    Await.until(LIMIT, () -> Long.valueOf(130).equals(cache.prices.get("pear")));

    Flux.just(shigoto, other).flatMap(node -> node.stop(Duration.ZERO)).blockLast(LIMIT);
  }

  @Test
  void aReceiverIsAFunctionToo() {
    Map<String, Long> seen = new ConcurrentHashMap<>();
    // shown
    Receiver<PriceChanged> receiver =
        Receiver.of(
            "prices",
            PriceChanged.class,
            message -> Mono.fromRunnable(() -> seen.put(message.topic(), message.id())));

    Shigoto shigoto =
        Shigoto.builder(factory)
            .receiver(receiver)
            .broadcastWindow(Duration.ofMinutes(5))
            .broadcastRetention(Duration.ofHours(6))
            .build();
    // end
    db.sql(
        "INSERT INTO shigoto.broadcasts (topic, payload) VALUES ('prices', '{\"article\": \"fig\", \"cents\": 90}')");
    shigoto.start().block(LIMIT);
    Await.until(LIMIT, () -> seen.containsKey("prices"));
    assertThat(seen).hasSize(1);
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  private Shigoto node(PriceCache cache) {
    Shigoto node = Shigoto.builder(factory).receiver(cache).build();
    node.start().block(LIMIT);
    return node;
  }

  private static Mono<Void> change(String article, long cents, Connection connection) {
    return Flux.from(
            connection
                .createStatement("SELECT $1 || $2")
                .bind(0, article)
                .bind(1, "" + cents)
                .execute())
        .flatMap(result -> result.map((row, metadata) -> true))
        .then();
  }
}
