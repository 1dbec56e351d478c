package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.shigoto.event.JobEvent;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Any client may insert, by any kind of statement. Nodes poll once an hour. */
class PlainSqlIT {

  /** One that has no rights to anything of ours, and is on every server. */
  private static final String STRANGER = "pg_signal_backend";

  private static final Duration NEVER = Duration.ofHours(1);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private Shigoto node;

  @BeforeEach
  void start() {
    node =
        nodes.start(
            Shigoto.builder(db.connectionFactory())
                .pollInterval(NEVER)
                .worker(new Scripted("work", job -> Mono.empty()))
                .queue("one", 2)
                .queue("two", 2)
                .queue("three", 2)
                .listener(told));
    // When it hears, it looks at everything; that must be over.
    Await.until("it hears", LIMIT, () -> node.health().block(LIMIT).notificationsArrive());
  }

  @Test
  void whoMayInsertNeedsNoOtherRight() {
    db.sql("GRANT USAGE ON SCHEMA shigoto TO " + STRANGER);
    db.sql("GRANT INSERT ON shigoto.jobs TO " + STRANGER);

    run(
        "BEGIN",
        "SET LOCAL ROLE " + STRANGER,
        "INSERT INTO shigoto.jobs (queue, worker, args) VALUES ('one', 'work', '{}')",
        "INSERT INTO shigoto.jobs (queue, worker, args, scheduled_at)"
            + " VALUES ('two', 'work', '{}', now() + interval '200 ms')",
        "COMMIT");

    told.await(Kind.COMPLETED, 2);
    assertThatThrownBy(() -> run("BEGIN", "SET LOCAL ROLE " + STRANGER, "DELETE FROM shigoto.jobs"))
        .hasMessageContaining("permission denied");
  }

  @Test
  void aStatementOfManyWakesAllTheirQueues() {
    run(
        "INSERT INTO shigoto.jobs (queue, worker)"
            + " SELECT queue, 'work' FROM unnest('{one,two,three}'::text[]) AS queue,"
            + " generate_series(1, 20)");

    told.await(Kind.COMPLETED, 60);
    assertThat(told.all(Kind.COMPLETED))
        .extracting(JobEvent::queue)
        .contains("one", "two", "three");
  }

  @Test
  void aCopyWakesTheirQueues() {
    ByteBuf lines =
        Unpooled.copiedBuffer(
            "one\twork\t{\"n\": 1}\nthree\twork\t{\"n\": 2}\n", StandardCharsets.UTF_8);
    PostgresqlConnection client =
        Mono.from(db.connectionFactory().create()).cast(PostgresqlConnection.class).block(LIMIT);

    long copied =
        client
            .copyIn("COPY shigoto.jobs (queue, worker, args) FROM STDIN", Mono.just(lines))
            .block(LIMIT);
    client.close().block(LIMIT);

    assertThat(copied).isEqualTo(2);
    told.await(Kind.COMPLETED, 2);
  }

  private static void run(String... statements) {
    Mono.usingWhen(
            db.connectionFactory().create(),
            client ->
                Flux.just(statements)
                    .concatMap(sql -> client.createStatement(sql).execute())
                    .concatMap(result -> result.getRowsUpdated())
                    .then(),
            client -> client.close())
        .block(LIMIT);
  }
}
