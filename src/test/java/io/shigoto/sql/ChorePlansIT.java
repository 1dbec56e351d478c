package io.shigoto.sql;

import io.shigoto.Schemas;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What chores look at in tables of 100,000 rows of which little or nothing is theirs, when
 * statistics say that the tables are empty, and when they say how large they are.
 */
class ChorePlansIT {

  private static final int ROWS = 100_000;
  private static final int GROUP = 100;
  private static final String DAY = "job_history_20000101";
  private static final String STATES = "ARRAY['completed', 'discarded', 'cancelled']";
  private static final String DAYS = "ARRAY[10, 20, 30]";
  private static final Statements STATEMENTS = new Statements("shigoto");

  private enum Counted {
    WHEN_EMPTY,
    WHEN_FULL
  }

  private static final Map<Counted, TestDatabase> DATABASES = new EnumMap<>(Counted.class);

  @BeforeAll
  static void fill() {
    for (Counted counted : Counted.values()) {
      TestDatabase database =
          TestDatabase.create(PostgresServer.shared(), "jobs", Schemas::migrate);
      DATABASES.put(counted, database);
      Plan.prepare(database);
      database.sql(
          "CREATE TABLE shigoto.%s PARTITION OF shigoto.job_history".formatted(DAY)
              + " FOR VALUES FROM ('2000-01-01 00:00+00') TO ('2000-01-02 00:00+00')");
      tables("ALTER TABLE shigoto.%s SET (autovacuum_enabled = false)", database);
      if (counted == Counted.WHEN_EMPTY) {
        tables("ANALYZE shigoto.%s", database);
      }
      fill(database);
      if (counted == Counted.WHEN_FULL) {
        tables("ANALYZE shigoto.%s", database);
      }
    }
  }

  private static void tables(String statement, TestDatabase database) {
    for (String table :
        List.of(
            "jobs",
            "untold_discards",
            "batches",
            "unique_keys",
            "rates",
            "dependencies",
            "failed_parents",
            "job_history_default",
            "nodes",
            DAY)) {
      database.sql(statement.formatted(table));
    }
  }

  /**
   * A hundredth of each is over; of the discards, ten are of a worker that a node knows. Some jobs
   * run.
   */
  private static void fill(TestDatabase database) {
    database.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker)
        SELECT n, 'q', 'w' FROM set_config('shigoto.notify', 'off', true), generate_series(1, %1$d) AS n;
        UPDATE shigoto.jobs SET state = 'executing', owner = gen_random_uuid() WHERE id %% 500 = 0;
        INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers)
        SELECT gen_random_uuid(), 'n', now() - CASE WHEN n %% 100 = 0 THEN interval '1 day' ELSE interval '0' END, '{}', '{}'
          FROM generate_series(1, 500) AS n;
        INSERT INTO shigoto.dependencies SELECT n, %1$d + n FROM generate_series(1, %1$d) AS n;
        INSERT INTO shigoto.failed_parents SELECT n, %1$d + n FROM generate_series(1, %1$d) AS n;
        INSERT INTO shigoto.untold_discards (id, lease, queue, worker, attempt, max_attempts, discarded_at)
        SELECT n, 1, 'q', CASE WHEN n > %1$d - 10 THEN 'known' ELSE 'foreign' || n %% 3 END, 1, 1,
               now() - CASE WHEN n %% 100 = 0 THEN interval '90 days' ELSE interval '0' END
          FROM generate_series(1, %1$d) AS n;
        INSERT INTO shigoto.batches (callback.queue, callback.worker, sealed_at, finished_at, callback_id)
        SELECT 'q', 'w', now(), now() - CASE WHEN n %% 100 = 0 THEN interval '90 days' ELSE interval '0' END, n
          FROM generate_series(1, %1$d) AS n;
        INSERT INTO shigoto.unique_keys (key, job_id, until, ended_at, ended_in)
        SELECT md5('' || n)::uuid, n, CASE WHEN n %% 2 = 0 THEN over + interval '1 hour' END, CASE WHEN n %% 2 = 1 THEN over END,
               CASE WHEN n %% 2 = 1 THEN 'completed'::shigoto.job_state END
          FROM (SELECT n, now() - CASE WHEN n %% 100 < 2 THEN interval '90 days' ELSE interval '0' END AS over
                  FROM generate_series(1, %1$d) AS n) AS keys;
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority, queue, worker, args,
                result)
        SELECT n, 1, now(), now(), finished,
               CASE WHEN n %% 100 = 0 THEN 'cancelled' ELSE 'completed' END::shigoto.job_state, 1, 1, 0, 'q', 'w', '{}',
               '{}'
          FROM generate_series(1, %1$d) AS n,
               LATERAL (VALUES (timestamptz '2000-01-01 12:00+00'),
                               (now() - CASE WHEN n %% 100 < 2 THEN interval '90 days' ELSE interval '5 days' END)) AS at (finished);
        INSERT INTO shigoto.rates (worker, rule, partition_key, state, written_at, free_at, gone_at)
        SELECT 'w', 'r', n, '{0}', now(), now(),
               now() - CASE WHEN n %% 100 = 0 THEN interval '1 day' ELSE interval '0' END
          FROM generate_series(1, %1$d) AS n;
        """
            .formatted(ROWS));
  }

  @AfterAll
  static void drop() {
    DATABASES.values().forEach(TestDatabase::drop);
  }

  static Stream<Arguments> chores() {
    return Stream.of(Counted.values())
        .flatMap(
            counted ->
                Stream.of(
                    chore(counted, "take_untold", "ARRAY['known', 'another']", "" + GROUP),
                    chore(counted, "take_untold", "ARRAY['foreign1', 'known']", "" + GROUP),
                    chore(counted, "take_untold", "ARRAY['another']", "" + GROUP),
                    chore(counted, "forget_untold", "" + GROUP, "14"),
                    chore(counted, "forget_batches", "" + GROUP, "14"),
                    chore(counted, "prune_unique_keys", "" + GROUP, STATES, DAYS),
                    chore(counted, "sweep_history", "" + GROUP, STATES, DAYS),
                    chore(counted, "find_days_to_thin", STATES, DAYS),
                    chore(counted, "thin_day", "" + GROUP, "ARRAY['5000']", "ARRAY['completed']"),
                    chore(counted, "thin_day", "" + GROUP, "ARRAY['5000']", "ARRAY['cancelled']"),
                    chore(counted, "forget_rates", "" + GROUP, "ARRAY['w', 'r', '5']", "3600000"),
                    chore(counted, "heal_dependencies", "" + GROUP, "ARRAY['5000']"),
                    chore(counted, "forget_failed_parents", "" + GROUP, "ARRAY['5000', '0']"),
                    chore(counted, "find_results", ids(), "1000000"),
                    chore(counted, "find_results", ids(), "1"),
                    chore(counted, "find_rest", "'q'"),
                    chore(counted, "find_rest", "'another'"),
                    chore(counted, "prune_nodes", "3600000")));
  }

  private static String ids() {
    return IntStream.rangeClosed(1, GROUP)
        .mapToObj(i -> "" + 7 * i)
        .collect(Collectors.joining(", ", "ARRAY[", "]"));
  }

  private static Arguments chore(Counted counted, String statement, String... arguments) {
    return Arguments.of(counted, statement, (Object) arguments);
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("chores")
  void aChoreLooksAtItsGroupOnly(Counted counted, String statement, String[] arguments) {
    Plan.of(DATABASES.get(counted), STATEMENTS.get(statement).with("name", DAY), arguments)
        .readsJobsByIndexOnly()
        .looksAtNoMoreThan(10 * GROUP)
        .touchesNoMorePagesThan(30 * GROUP);
  }
}
