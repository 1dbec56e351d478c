package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Unique;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Transactions of callers that wait for each other's unique keys. */
class KeyCircleIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Connection one = Mono.from(db.connectionFactory().create()).block(LIMIT);
  private final Connection other = Mono.from(db.connectionFactory().create()).block(LIMIT);
  private Shigoto node;
  private List<NewJob> inOrder;

  @BeforeEach
  void findTheOrderOfKeys() {
    node = nodes.build(Shigoto.builder(db.connectionFactory()));
    node.enqueueAll(Flux.range(0, 4).map(KeyCircleIT::job)).blockLast(LIMIT);
    inOrder =
        db.sql("SELECT args ->> 'key' AS key FROM shigoto.jobs ORDER BY unique_key").stream()
            .map(row -> job(Integer.parseInt(String.valueOf(row.get("key")))))
            .toList();
    db.truncate();
    Mono.from(one.beginTransaction()).block(LIMIT);
    Mono.from(other.beginTransaction()).block(LIMIT);
  }

  @AfterEach
  void close() {
    Mono.when(one.close(), other.close()).block(LIMIT);
  }

  /** One takes its keys by two statements, and not in their order. */
  @Test
  void whoTakesThemInOrderLetsGoAndTheOtherGetsThem() {
    Receipt last = node.enqueue(inOrder.get(3), other).block(LIMIT);
    CompletableFuture<List<Receipt>> all =
        node.enqueueAll(Flux.fromIterable(inOrder), one).collectList().toFuture();
    Await.until("it waits", LIMIT, KeyCircleIT::somebodyWaits);

    List<Receipt> others =
        IntStream.range(0, 3)
            .mapToObj(i -> node.enqueue(inOrder.get(i), other).block(LIMIT))
            .toList();
    Mono.from(other.commitTransaction()).block(LIMIT);

    assertThat(others).allMatch(Receipt.Inserted.class::isInstance);
    assertThat(all.join())
        .containsExactly(
            Receipt.conflict(others.get(0).id(), Set.of()),
            Receipt.conflict(others.get(1).id(), Set.of()),
            Receipt.conflict(others.get(2).id(), Set.of()),
            Receipt.conflict(last.id(), Set.of()));
  }

  private static NewJob job(int key) {
    return NewJob.of("work", Map.of("key", key)).unique(Unique.by(Unique.Field.ARGS));
  }

  private static boolean somebodyWaits() {
    return db.number(
            "SELECT count(*) FROM pg_stat_activity"
                + " WHERE datname = current_database() AND wait_event_type = 'Lock'")
        == 1;
  }
}
