package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.postgresql.api.Notification;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;

/**
 * A job that is due later is inserted by a transaction that stays open until it is due. Nodes hear
 * of it at the commit; they poll and look for due jobs once an hour.
 */
class OpenTransactionDueIT {

  private static final Duration NEVER = Duration.ofHours(1);

  /** Longer than the test waits. */
  private static final Duration LATER = Duration.ofSeconds(50);

  private static final String INSERT =
      """
      INSERT INTO shigoto.jobs (queue, worker, args, scheduled_at)
      VALUES ('default', 'work', '{}', now() + interval '%d s')
      """;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Shigoto client = nodes.build(Shigoto.builder(db.connectionFactory()));

  /** The ways in. */
  enum Way {
    SQL((client, connection) -> run(connection, INSERT.formatted(LATER.toSeconds()))),
    ENQUEUE((client, connection) -> client.enqueue(due(LATER), connection).then()),
    UNIQUE((client, connection) -> client.enqueue(unique(LATER), connection).then()),
    DEBOUNCED(
        (client, connection) ->
            client
                .enqueue(unique(NEVER))
                .then(client.enqueue(debounced(LATER), connection))
                .then());

    private final BiFunction<Shigoto, Connection, Mono<Void>> in;

    Way(BiFunction<Shigoto, Connection, Mono<Void>> in) {
      this.in = in;
    }
  }

  @ParameterizedTest
  @EnumSource
  void aJobThatIsDueAtTheCommitRunsThen(Way way) {
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .pollInterval(NEVER)
                .worker(new Scripted("work", job -> Mono.empty()))
                .queue("default", 5));
    // When it hears, it looks at everything; that must be over.
    Await.until("it hears", LIMIT, () -> node.health().block(LIMIT).notificationsArrive());

    inTransaction(
        connection ->
            way.in
                .apply(client, connection)
                // So much time goes by.
                .then(run(connection, "UPDATE shigoto.jobs SET scheduled_at = now()")));

    Await.until(
        "it ran",
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.job_history WHERE state = 'completed'") == 1);
  }

  /** Whoever knows when it commits says exactly when a job is due, and nobody looks for nothing. */
  @Test
  void nodesLookAMinuteAheadOfWhatAnOpenTransactionInserts() {
    Queue<String> heard = new ConcurrentLinkedQueue<>();
    PostgresqlConnection listening = listen(heard);
    Duration half = Duration.ofMinutes(30);

    client.enqueue(due(half)).block(LIMIT);
    assertThat(looksIn(heard)).isBetween(Duration.ofMinutes(29), half);
    client.enqueue(unique(half)).block(LIMIT);
    assertThat(looksIn(heard)).isBetween(Duration.ofMinutes(29), half);
    client.enqueue(debounced(half)).block(LIMIT);
    assertThat(looksIn(heard)).isBetween(Duration.ofMinutes(29), half);

    for (Way way : List.of(Way.ENQUEUE, Way.SQL)) {
      inTransaction(connection -> way.in.apply(client, connection));
      assertThat(looksIn(heard)).isEqualTo(Duration.ZERO);
    }
    inTransaction(connection -> client.enqueue(due(half), connection));
    assertThat(looksIn(heard)).isBetween(Duration.ofMinutes(28), Duration.ofMinutes(29));
    inTransaction(connection -> client.enqueue(debounced(half), connection));
    assertThat(looksIn(heard)).isBetween(Duration.ofMinutes(28), Duration.ofMinutes(29));
    inTransaction(connection -> run(connection, INSERT.formatted(half.toSeconds())));
    assertThat(looksIn(heard)).isBetween(Duration.ofMinutes(28), Duration.ofMinutes(29));
    listening.close().block(LIMIT);
  }

  private static PostgresqlConnection listen(Queue<String> heard) {
    PostgresqlConnection listening =
        Mono.from(db.connectionFactory().create()).cast(PostgresqlConnection.class).block(LIMIT);
    listening.getNotifications().map(Notification::getParameter).subscribe(heard::add);
    listening.createStatement("LISTEN shigoto").execute().then().block(LIMIT);
    return listening;
  }

  /** What the only notification says since the last one was asked for. */
  private static Duration looksIn(Queue<String> heard) {
    Await.until("it is told", LIMIT, () -> !heard.isEmpty());
    String payload = heard.remove();
    assertThat(payload).startsWith("d");
    return Duration.ofMillis(Long.parseLong(payload.substring(1)));
  }

  private static void inTransaction(Function<Connection, Mono<?>> work) {
    Connection connection = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Mono.from(connection.beginTransaction())
        .then(Mono.defer(() -> work.apply(connection)))
        .then(Mono.defer(() -> Mono.from(connection.commitTransaction())))
        .then(Mono.defer(() -> Mono.from(connection.close())))
        .block(LIMIT);
  }

  private static Mono<Void> run(Connection connection, String sql) {
    return Mono.defer(() -> Mono.from(connection.createStatement(sql).execute()))
        .flatMap(result -> Mono.from(result.getRowsUpdated()))
        .then();
  }

  private static NewJob due(Duration delay) {
    return NewJob.of("work", Map.of()).delay(delay);
  }

  private static NewJob unique(Duration delay) {
    return due(delay).unique(Unique.by(Unique.Field.WORKER));
  }

  private static NewJob debounced(Duration wait) {
    return due(wait).unique(Unique.by(Unique.Field.WORKER).debounce(wait));
  }
}
