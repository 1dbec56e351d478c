package io.shigoto.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Result;
import io.shigoto.Schemas;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** complete.sql runs on connections of the application, whose planner may do as it likes. */
class CompleteIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int JOBS = 20;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private final Statements statements = new Statements("shigoto");

  /** Few as they are, a planner that may choose reads all of them. */
  @Test
  void itReadsByIndexOnly() {
    db.sql(
        "INSERT INTO shigoto.jobs (id, queue, worker, state, owner)"
            + " SELECT n, 'q', 'w', 'executing', gen_random_uuid() FROM generate_series(1, "
            + JOBS
            + ") AS n");
    long before = scans("seq_scan");
    long byIndex = scans("idx_scan");

    Boolean all =
        Flux.usingWhen(db.connectionFactory().create(), this::completeAll, Connection::close)
            .all(written -> written)
            .block(LIMIT);

    assertThat(all).isTrue();
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(JOBS);
    Await.until("it is counted", LIMIT, () -> scans("idx_scan") >= byIndex + JOBS);
    assertThat(scans("seq_scan")).isEqualTo(before);
  }

  private Flux<Boolean> completeAll(Connection connection) {
    return Flux.range(1, JOBS).concatMap(id -> complete(connection, id));
  }

  private Mono<Boolean> complete(Connection connection, int id) {
    return Flux.from(
            connection
                .createStatement(statements.get("complete").text())
                .bind(0, statements.get("settle").text())
                .bind(1, (long) id)
                .bind(2, 0L)
                .bindNull(3, String.class)
                .execute())
        .concatMap((Result result) -> result.map(row -> row.get(0, Boolean.class)))
        .single();
  }

  private static long scans(String how) {
    return db.number(
        "SELECT " + how + " FROM pg_stat_user_tables WHERE relid = 'shigoto.jobs'::regclass");
  }
}
