package io.shigoto.sql;

import io.shigoto.Schemas;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What jobs with keys, batches and dependencies cost beside 100,000 others that have them too, when
 * statistics say that there are none. What functions do is seen by the pages that they touch.
 */
class SpecialPlansIT {

  private static final int JOBS = 100_000;

  /** The first time on a connection, the statements of all these functions are planned. */
  private static final long PAGES_TO_PLAN = 6_000;

  private static final long PAGES_PER_ROW = 200;

  private static final Statements STATEMENTS = new Statements("shigoto");

  private static TestDatabase database;

  @BeforeAll
  static void fill() {
    database = TestDatabase.create(PostgresServer.shared(), "jobs", Schemas::migrate);
    Plan.prepare(database);
    for (String table :
        new String[] {
          "jobs",
          "unique_keys",
          "dependencies",
          "failed_parents",
          "loose_ends",
          "loose_counts",
          "batches",
          "job_history_default"
        }) {
      database.sql(
          "ALTER TABLE shigoto.%1$s SET (autovacuum_enabled = false); ANALYZE shigoto.%1$s"
              .formatted(table));
    }
    // Runs that others wait for, each in one of a thousand batches and with a key; and who waits.
    database.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker, state, lease, owner, batch_id, unique_key, watched)
        SELECT n, 'q', 'w', 'executing', 1, gen_random_uuid(), 1 + n %% 1000, md5('' || n)::uuid, true
          FROM generate_series(1, %1$d) AS n;
        INSERT INTO shigoto.jobs (id, queue, worker, state, pending)
        SELECT %1$d + n, 'q', 'w', 'waiting', 1
          FROM set_config('shigoto.notify', 'off', false), generate_series(1, %1$d) AS n;
        INSERT INTO shigoto.dependencies SELECT n, %1$d + n FROM generate_series(1, %1$d) AS n;
        INSERT INTO shigoto.unique_keys (key, job_id) SELECT md5('' || n)::uuid, n FROM generate_series(1, %1$d) AS n;
        INSERT INTO shigoto.batches (total, callback.queue, callback.worker)
        SELECT 1000, 'q', 'w' FROM generate_series(1, 1000);
        INSERT INTO shigoto.loose_ends (parent_id) SELECT n FROM generate_series(1, 20000) AS n;
        INSERT INTO shigoto.loose_counts (batch_id, total) SELECT 1 + n %% 1000, 0 FROM generate_series(1, 20000) AS n;
        INSERT INTO shigoto.job_history (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts,
                                         priority, queue, worker, args, depends_on)
        SELECT 2 * %1$d + n, 1, now(), now(), now(), 'discarded', 1, 1, 0, 'q', 'w', '{}', ARRAY[n, 2 * %1$d + n - 1]
          FROM generate_series(1, %1$d) AS n;
        INSERT INTO shigoto.failed_parents SELECT 2 * %1$d + n, %1$d + n FROM generate_series(1, %1$d) AS n;
        ALTER SEQUENCE shigoto.jobs_id_seq RESTART WITH 1000000;
        """
            .formatted(JOBS));
  }

  @AfterAll
  static void drop() {
    database.drop();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1_000})
  void whatFollowsFromEndsTouchesThoseWhoWaitTheirKeysAndTheirBatches(int group) {
    explain(
        group, "settle_completed", bigints(group, i -> "" + (100 + i)), bigints(group, i -> "1"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1_000})
  void anEnqueueTouchesItsOwnKeysBatchesAndParents(int group) {
    enqueue(group, i -> "md5('new ' || %d)::text".formatted(i));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1_000})
  void anEnqueueThatMeetsOthersTouchesThoseOnly(int group) {
    enqueue(group, i -> "md5('' || %d)::text".formatted(i + 1));
  }

  private static void enqueue(int group, IntFunction<String> key) {
    explain(
        group,
        "enqueue_special",
        "false",
        texts(group, i -> "'q'"),
        texts(group, i -> "'w'"),
        texts(group, i -> "'{}'"),
        array(group, i -> "0", "smallint"),
        array(group, i -> "3", "integer"),
        texts(group, i -> "NULL"),
        bigints(group, i -> "NULL"),
        texts(group, i -> "NULL"),
        texts(group, i -> "NULL"),
        texts(group, i -> "NULL"),
        texts(group, key),
        bigints(group, i -> "NULL"),
        texts(group, i -> "NULL"),
        texts(group, i -> "NULL"),
        bigints(group, i -> "NULL"),
        bigints(group, i -> "" + (1 + i)),
        texts(group, i -> "'{%d}'".formatted(500 + i)),
        texts(group, i -> "NULL"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1_000})
  void aDeletionTouchesItsOwnJobs(int group) {
    explain(group, "delete", bigints(group, i -> "" + (JOBS + 1 + i)), "ARRAY['waiting']::text[]");
  }

  /** They wait again for one that lives, and one that still waits waits for each of them. */
  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1_000})
  void aRetryTouchesItsOwnJobsAndWhoWaitsForThem(int group) {
    explain(
        group, "retry", bigints(group, i -> "" + (2 * JOBS + 1 + i)), "ARRAY['discarded']::text[]");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 100, 1_000})
  void looseEndsAreTiedOneByOne(int group) {
    explain(group, "watch_parents", "" + group, "0");
    explain(group, "follow_ended", "0", "" + group);
  }

  /** With all that was left for the batches that it meets. */
  @ParameterizedTest
  @ValueSource(ints = {1, 10, 50})
  void countsAreFoldedBatchByBatch(int group) {
    explain(20 * group, "fold_counts", "" + group, "0");
  }

  private static void explain(int group, String statement, String... arguments) {
    Plan.of(database, STATEMENTS.get(statement), arguments)
        .touchesNoMorePagesThan(PAGES_TO_PLAN + PAGES_PER_ROW * group);
  }

  private static String bigints(int group, IntFunction<String> value) {
    return array(group, value, "bigint");
  }

  private static String texts(int group, IntFunction<String> value) {
    return array(group, value, "text");
  }

  private static String array(int group, IntFunction<String> value, String type) {
    return IntStream.range(0, group)
        .mapToObj(value)
        .collect(Collectors.joining(", ", "ARRAY[", "]::" + type + "[]"));
  }
}
