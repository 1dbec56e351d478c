package io.shigoto;

import static io.shigoto.Nodes.LIMIT;

import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Somebody holds what more is left for than one statement looks at: all the rest is seen to. */
class LooseEndsIT {

  private static final int MANY = 12_000;
  private static final long ENDED = 1_000_001;
  private static final long LIVES = 1_000_002;
  private static final long CHILD = 1_000_003;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  /** Many for each, or many of them. */
  @ParameterizedTest
  @ValueSource(longs = {1, MANY})
  void endsThatCannotBeTiedKeepNobodyElseWaiting(long held) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker)
        SELECT n, 'q', 'w' FROM set_config('shigoto.notify', 'off', true), generate_series(1, $1) AS n
        """,
        held);
    db.sql(
        "INSERT INTO shigoto.loose_ends (parent_id) SELECT 1 + n %% $1 FROM generate_series(1, %d) AS n"
            .formatted(MANY),
        held);
    db.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker) VALUES (1000002, 'q', 'w');
        INSERT INTO shigoto.jobs (id, queue, worker, state, pending, depends_on)
        VALUES (1000003, 'q', 'w', 'waiting', 2, '{1000001, 1000002}');
        INSERT INTO shigoto.job_history (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts,
                                         priority, queue, worker, args)
        VALUES (1000001, 1, now(), now(), now(), 'completed', 1, 1, 0, 'q', 'w', '{}');
        INSERT INTO shigoto.dependencies VALUES (1000001, 1000003), (1000002, 1000003);
        INSERT INTO shigoto.loose_ends (parent_id) VALUES (1000001), (1000002)
        """);

    Open.transaction(
        db.connectionFactory(),
        "SELECT id FROM shigoto.jobs WHERE id < %d FOR UPDATE".formatted(ENDED),
        () -> {
          nodes.start(Shigoto.builder(db.connectionFactory()));
          Await.until(
              "the one that lives is watched",
              LIMIT,
              () ->
                  db.number("SELECT count(*) FROM shigoto.jobs WHERE id = $1 AND watched", LIVES)
                      == 1);
          Await.until(
              "who waits for the one that has ended moves on",
              LIMIT,
              () -> db.number("SELECT pending FROM shigoto.jobs WHERE id = $1", CHILD) == 1);
          return held;
        });

    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.loose_ends") == 0);
  }

  /** Between the look at those that live and the one at those that have ended. */
  @Test
  void oneThatIsHeldIsLookedAtAgainThoughAnotherHasComeMeanwhile() {
    db.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker)
        SELECT n, 'q', 'w' FROM set_config('shigoto.notify', 'off', true), generate_series(1, 2) AS n;
        INSERT INTO shigoto.loose_ends (parent_id) VALUES (1), (2);
        CREATE FUNCTION comes_meanwhile() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO shigoto.loose_ends (parent_id) VALUES (2), (4);
          RETURN NULL;
        END $$;
        CREATE TRIGGER comes_meanwhile AFTER UPDATE ON shigoto.jobs
          FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION comes_meanwhile()
        """);

    try {
      RowLock.held(db.connectionFactory(), 1, this::startAndSeeToTheOthers);
    } finally {
      db.sql("DROP FUNCTION comes_meanwhile CASCADE");
    }

    Await.until(
        LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE id = 1 AND watched") == 1);
  }

  private long startAndSeeToTheOthers() {
    nodes.start(
        Shigoto.builder(db.connectionFactory()).pollOnly().pollInterval(Duration.ofHours(1)));
    Await.until(
        LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE id = 2 AND watched") == 1);
    Await.until(
        LIMIT, () -> db.number("SELECT count(*) FROM shigoto.loose_ends WHERE parent_id = 4") == 0);
    return 1;
  }

  /** Much for each, or many of them. */
  @ParameterizedTest
  @ValueSource(longs = {1, MANY})
  void countsThatCannotBeFoldedKeepNoOtherBatchWaiting(long held) {
    db.sql(
        """
        INSERT INTO shigoto.batches (callback.queue, callback.worker) SELECT 'q', 'w' FROM generate_series(1, $1)
        """,
        held + 1);
    db.sql(
        """
        INSERT INTO shigoto.loose_counts (batch_id, total)
        SELECT 1 + n %% $1, 1 FROM generate_series(1, %d) AS n
        """
            .formatted(MANY),
        held);
    db.sql(
        "INSERT INTO shigoto.loose_counts (batch_id, total) VALUES ($1, 1), (4711000, 1)",
        held + 1);

    Open.transaction(
        db.connectionFactory(),
        "SELECT id FROM shigoto.batches WHERE id <= %d FOR UPDATE".formatted(held),
        () -> {
          nodes.start(Shigoto.builder(db.connectionFactory()));
          Await.until(
              "the other one is counted",
              LIMIT,
              () -> db.number("SELECT total FROM shigoto.batches WHERE id = $1", held + 1) == 1);
          return held;
        });

    Await.until(LIMIT, () -> db.number("SELECT count(*) FROM shigoto.loose_counts") == 0);
  }
}
