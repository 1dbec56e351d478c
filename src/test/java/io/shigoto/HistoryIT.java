package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What is forgotten with the days of history, and what is found that somebody has deleted. */
class HistoryIT {

  /** More than one statement looks at. */
  private static final int MANY = 12_000;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  @AfterEach
  void nothingIsRefusedAnyMore() {
    db.sql("DROP FUNCTION IF EXISTS shigoto.refuse() CASCADE");
  }

  @Test
  void whatCannotBeDoneKeepsNothingElseFromBeingDone() {
    start();
    db.sql(
        """
        CREATE FUNCTION shigoto.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          RAISE EXCEPTION 'no';
        END $$
        """);
    for (String table : new String[] {"job_history_default", "batches", "unique_keys"}) {
      db.sql(
          "CREATE TRIGGER refuse BEFORE DELETE ON shigoto.%s FOR EACH STATEMENT EXECUTE FUNCTION shigoto.refuse()"
              .formatted(table));
    }
    db.sql(
        "INSERT INTO shigoto.broadcasts (topic, payload, published_at)"
            + " VALUES ('t', '1', now() - interval '1 year')");
    db.sql(
        "INSERT INTO shigoto.untold_discards (id, lease, queue, worker, attempt, max_attempts, discarded_at)"
            + " VALUES (1, 1, 'q', 'w', 1, 1, now() - interval '1 year')");
    rates(1, "2 hours");
    orphans(1);

    another();

    Await.until(
        "all else is done",
        LIMIT,
        () ->
            db.number("SELECT count(*) FROM shigoto.broadcasts") == 0
                && db.number("SELECT count(*) FROM shigoto.untold_discards") == 0
                && db.number("SELECT count(*) FROM shigoto.rates") == 0
                && db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'waiting'") == 0);
  }

  @Test
  void whatNoLongerCountsIsForgottenWhateverIsBetween() {
    rates(MANY, "2 hours");
    db.sql("UPDATE shigoto.rates SET gone_at = now() WHERE partition_key LIKE '%7'");

    start();

    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.rates") == MANY / 10);
    assertThat(db.number("SELECT count(*) FROM shigoto.rates WHERE partition_key LIKE '%7'"))
        .isEqualTo(MANY / 10);
  }

  @Test
  void whoWaitsForDeletedJobsIsFoundHoweverManyThereAre() {
    orphans(MANY);
    long live =
        db.number(
            "INSERT INTO shigoto.jobs (queue, worker, watched) VALUES ('q', 'w', true) RETURNING id");
    db.sql(
        "INSERT INTO shigoto.dependencies (parent_id, child_id) SELECT $1, -n FROM generate_series(1, 6000) AS n",
        live);

    start();

    Await.until(
        LIMIT,
        () ->
            db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'waiting'") == 0
                && db.number("SELECT count(*) FROM shigoto.loose_ends") == 0);
    assertThat(db.number("SELECT count(*) FROM shigoto.dependencies")).isEqualTo(6000);
  }

  private void start() {
    nodes.start(
        Shigoto.builder(db.connectionFactory()).lease(Duration.ofSeconds(2)).listener(told));
  }

  /** The node goes on as another incarnation, whose chores begin anew. */
  private void another() {
    db.sql("UPDATE shigoto.nodes SET lease_until = now() - interval '1 ms'");
    told.await(Kind.NODE_JOINED, 2);
  }

  /** Half of them wait for jobs with larger ids, half for jobs with smaller ones. */
  private static void orphans(int count) {
    db.sql(
        """
        WITH child AS (
          INSERT INTO shigoto.jobs (queue, worker, state, pending)
          SELECT 'q', 'w', 'waiting', 1 FROM generate_series(1, $1)
          RETURNING id
        )
        INSERT INTO shigoto.dependencies (parent_id, child_id)
        SELECT CASE WHEN id % 2 = 0 THEN id + 1000000 ELSE 2000000 - id END, id FROM child
        """,
        count);
  }

  private static void rates(int count, String ago) {
    db.sql(
        """
        INSERT INTO shigoto.rates (worker, rule, partition_key, state, written_at, free_at, gone_at)
        SELECT 'w' || n % 3, 'r', 'k' || n, '{1}', now(), now(), now() - $2::text::interval FROM generate_series(1, $1) AS n
        """,
        count, ago);
  }
}
