package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.r2dbc.spi.R2dbcException;
import io.shigoto.broadcast.Message;
import io.shigoto.broadcast.Receiver;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What is refused, and that it leaves nothing behind. */
class BroadcastInputIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  @Test
  void whatCannotBePublishedIsRefusedAtTheCall() {
    Shigoto node = nodes.build(builder().maxPayload(100));
    Broadcasts broadcasts = node.broadcasts();

    refused(() -> broadcasts.publish(" ", 1), "topic must have 1 to 255 characters");
    refused(() -> broadcasts.publish("t".repeat(256), 1), "of length 256");
    refused(() -> broadcasts.publish("a\0b", 1), "topic must have 1 to 255 characters");
    refused(() -> broadcasts.publish("news", "a\0b"), "payload of a message to 'news' contains");
    refused(() -> broadcasts.publish("news", Double.NaN), "NaN");
    refused(() -> broadcasts.publish("news", "x".repeat(99)), "has 101 bytes as JSON");
    refused(() -> broadcasts.publish("news", new Broken()), "cannot be written as JSON");
    assertThatNullPointerException().isThrownBy(() -> broadcasts.publish("news", null));

    assertThat(messages()).isZero();
    broadcasts.publish("t".repeat(255), "x".repeat(98)).block(LIMIT);
    assertThat(messages()).isOne();
  }

  /** JSON may be nested deeper than the server takes it. */
  @Test
  void aMessageThatTheServerRefusesFailsOnlyItsOwnCaller() {
    Shigoto node = nodes.build(builder());
    Object deep = 1;
    for (int i = 0; i < 400; i++) {
      deep = List.of(deep);
    }
    Object deepest = deep;
    Flux<Object> payloads = Flux.range(0, 100).map(i -> i == 50 ? "bad" : Map.of("n", i));
    db.sql(
        "ALTER TABLE shigoto.broadcasts ADD CONSTRAINT no_bad CHECK (payload <> '\"bad\"'::jsonb)");
    try {
      List<String> answers =
          payloads
              .flatMap(
                  payload ->
                      node.broadcasts()
                          .publish("news", payload)
                          .map(id -> "published")
                          .onErrorResume(R2dbcException.class, refused -> Mono.just("refused")),
                  100)
              .collectList()
              .block(LIMIT);

      assertThat(answers).hasSize(100).containsOnlyOnce("refused");
      assertThat(messages()).isEqualTo(99);
      node.broadcasts().publish("news", deepest).block(LIMIT);
    } finally {
      db.sql("ALTER TABLE shigoto.broadcasts DROP CONSTRAINT no_bad");
    }
  }

  @Test
  void whatTheServerRefusesInSqlIsRefused() {
    assertThatExceptionOfType(R2dbcException.class)
        .isThrownBy(
            () -> db.sql("INSERT INTO shigoto.broadcasts (topic, payload) VALUES ('', '1')"));
    assertThat(messages()).isZero();
  }

  static List<Runnable> options() {
    return List.of(
        () -> builder().broadcastWindow(Duration.ofMillis(-1)),
        () -> builder().broadcastWindow(Duration.ofDays(36_501)),
        () -> builder().broadcastRetention(Duration.ofMillis(999)),
        () -> builder().broadcastRetention(Duration.ofDays(36_501)),
        () -> builder().broadcastRetention(Duration.ofSeconds(59)).build(),
        () -> builder().broadcastWindow(Duration.ofHours(25)).build());
  }

  @ParameterizedTest
  @MethodSource("options")
  void timesThatMakeNoSenseAreRefused(Runnable option) {
    assertThatIllegalArgumentException()
        .isThrownBy(option::run)
        .withMessageMatching("broadcast(Window|Retention) must .*, but is PT?-?[0-9.HMS]+");
  }

  @Test
  void receiversThatMakeNoSenseAreRefused() {
    refusedReceiver("concurrency must be at least 1, but is 0", new Odd(0, 1, Duration.ZERO));
    refusedReceiver("maxAttempts must be at least 1, but is 0", new Odd(1, 0, Duration.ZERO));
    refusedReceiver("timeout must be positive, but is PT0S", new Odd(1, 1, Duration.ZERO));
    refusedReceiver("topic must have 1 to 255", Receiver.of("", Integer.class, m -> Mono.empty()));
    Receiver<Integer> untyped = message -> Mono.empty();
    refusedReceiver("does not say what its payloads are", untyped);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().receiver(new Heard()).receiver(new Heard()).build())
        .withMessageContaining("topic 'news' is taken twice");
    assertThatNullPointerException().isThrownBy(() -> builder().receiver(null));
  }

  private static void refusedReceiver(String why, Receiver<?> receiver) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().receiver(receiver).build())
        .withMessageContaining(why);
  }

  private static void refused(Runnable call, String why) {
    assertThatIllegalArgumentException().isThrownBy(call::run).withMessageContaining(why);
  }

  private static ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory());
  }

  private static long messages() {
    return db.number("SELECT count(*) FROM shigoto.broadcasts");
  }

  private static final class Broken {
    @SuppressWarnings("unused") // read by Jackson
    public String getSecret() {
      throw new IllegalStateException("secret");
    }
  }

  private record Odd(int concurrency, int maxAttempts, Duration timeout)
      implements Receiver<String> {

    @Override
    public Mono<Void> receive(Message<String> message) {
      return Mono.empty();
    }
  }
}
