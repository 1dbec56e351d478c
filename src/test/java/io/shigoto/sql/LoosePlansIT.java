package io.shigoto.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.Schemas;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What it costs to pass over what others hold, where a million loose ends and as many counts are
 * left, a thousand for each of a thousand jobs and batches; when statistics say that there is none.
 */
class LoosePlansIT {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Statements STATEMENTS = new Statements("shigoto");

  /** The first time on a connection, the statements of a function are planned. */
  private static final long PAGES_TO_PLAN = 3_000;

  private static final long PAGES_PER_HELD = 20;

  private static TestDatabase database;
  private static Connection holder;

  @BeforeAll
  static void fill() {
    database = TestDatabase.create(PostgresServer.shared(), "jobs", Schemas::migrate);
    Plan.prepare(database);
    for (String table : new String[] {"jobs", "loose_ends", "loose_counts", "batches"}) {
      database.sql(
          "ALTER TABLE shigoto.%1$s SET (autovacuum_enabled = false); ANALYZE shigoto.%1$s"
              .formatted(table));
    }
    database.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker)
        SELECT n, 'q', 'w' FROM set_config('shigoto.notify', 'off', true), generate_series(1, 100000) AS n;
        INSERT INTO shigoto.batches (callback.queue, callback.worker) SELECT 'q', 'w' FROM generate_series(1, 1000);
        INSERT INTO shigoto.loose_ends (parent_id) SELECT 1 + n % 1000 FROM generate_series(1, 1000000) AS n;
        INSERT INTO shigoto.loose_counts (batch_id, total) SELECT 1 + n % 1000, 1 FROM generate_series(1, 1000000) AS n;
        """);
    holder = Mono.from(database.connectionFactory().create()).block(LIMIT);
    Mono.from(holder.beginTransaction()).block(LIMIT);
    for (String table : new String[] {"jobs", "batches"}) {
      String hold = "SELECT id FROM shigoto.%s WHERE id <= 1000 FOR UPDATE".formatted(table);
      assertThat(
              Flux.from(holder.createStatement(hold).execute())
                  .concatMap(result -> result.map((row, metadata) -> true))
                  .count()
                  .block(LIMIT))
          .isEqualTo(1_000);
    }
  }

  @AfterAll
  static void drop() {
    Mono.from(holder.close()).block(LIMIT);
    database.drop();
  }

  @ParameterizedTest
  @CsvSource({
    "watch_parents, 100, 0, 100", "watch_parents, 1000, 0, 1000", "watch_parents, 1000, 500, 500",
    "follow_ended, 0, 100, 100", "follow_ended, 0, 1000, 1000", "follow_ended, 500, 1000, 500",
    "fold_counts, 100, 0, 100", "fold_counts, 1000, 0, 1000", "fold_counts, 1000, 500, 500"
  })
  void whatIsHeldIsPassedOverHoweverMuchIsLeftForIt(
      String statement, String first, String second, long held) {
    Plan.of(database, STATEMENTS.get(statement), first, second)
        .readsJobsByIndexOnly()
        .touchesNoMorePagesThan(PAGES_TO_PLAN + PAGES_PER_HELD * held);
  }
}
