package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.PastDays;
import io.shigoto.worker.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Mono;

/** The day of history on which jobs end is made by another node while they end. */
class NewDayIT {

  private static final int ROUNDS = 10;

  /** Not the chore that makes days, which waits for another lock. */
  private static final String WAITING_SETTLEMENTS =
      """
      SELECT count(*) FROM pg_locks
       WHERE NOT granted
         AND mode = 'RowExclusiveLock'
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND relation IN ('shigoto.job_history'::regclass, 'shigoto.job_history_default'::regclass)
      """;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  /**
   * A settlement that was on its way to the default partition would be refused there: so whoever
   * makes a day has to keep it from setting out.
   */
  @Test
  void aRunThatEndsWhileItsDayIsMadeIsDone() {
    PastDays days = new PastDays(db.database());
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .listener(told)
            .worker(new Scripted("w", job -> Mono.just(Outcome.done())))
            .queue("q", 1));
    for (int round = 1; round <= ROUNDS; round++) {
      db.sql("TRUNCATE shigoto.job_history");
      days.drop();
      whileItIsMade(days.names(0, 1), round);
      told.await(Kind.COMPLETED, round);
    }

    assertThat(told.count(Kind.FAILED)).isZero();
  }

  private void whileItIsMade(List<String> todayAndTomorrow, int round) {
    Connection maker = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Sql made =
        new Statements("shigoto")
            .get("create_day")
            .with("name", "job_history_" + todayAndTomorrow.get(0))
            .with("day", todayAndTomorrow.get(0))
            .with("next_day", todayAndTomorrow.get(1));
    // A chore of the node may have made it again by now.
    String gone = "DROP TABLE IF EXISTS shigoto.job_history_" + todayAndTomorrow.get(0) + "; ";
    try {
      Database.run(maker, "BEGIN; " + gone + made.text()).block(LIMIT);
      db.sql("INSERT INTO shigoto.jobs (queue, worker) VALUES ('q', 'w')");
      told.await(Kind.STARTED, round);
      Await.until("the settlement waits", LIMIT, () -> db.number(WAITING_SETTLEMENTS) > 0);
      Database.run(maker, "COMMIT").block(LIMIT);
    } finally {
      Mono.from(maker.close()).block(LIMIT);
    }
  }
}
