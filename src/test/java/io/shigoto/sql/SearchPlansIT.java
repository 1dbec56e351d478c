package io.shigoto.sql;

import io.shigoto.Schemas;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What searches look at beside a long history, though nobody has counted it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SearchPlansIT {

  private static final int HISTORY = 1_000_000;
  private static final int LIVE = 20_000;
  private static final int DAYS = 10;

  /** What a new connection reads of the catalogue: each search is planned anew. */
  private static final int PLANNING = 4_000;

  private static final String[] PARAMETERS = {
    "workers",
    "queues",
    "states",
    "tags",
    "any tags",
    "args",
    "partition keys",
    "batch",
    "ids",
    "inserted from",
    "inserted before",
    "finished from",
    "finished before"
  };

  private final Statements statements = new Statements("shigoto");
  private TestDatabase database;

  @BeforeAll
  void fill() {
    database = TestDatabase.create(PostgresServer.shared(), "jobs", Schemas::migrate);
    Plan.prepare(database);
    for (int day = 1; day <= DAYS; day++) {
      database.sql(
          """
          CREATE TABLE shigoto.job_history_202603%1$02d PARTITION OF shigoto.job_history
            FOR VALUES FROM ('2026-03-%1$02d 00:00Z') TO ('2026-03-%2$02d 00:00Z')
            WITH (autovacuum_enabled = false)
          """
              .formatted(day, day + 1));
    }
    database.sql("ALTER TABLE shigoto.jobs SET (autovacuum_enabled = false)");
    database.sql(
        """
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority, queue,
                worker, args, tags, batch_id)
        SELECT n, 1, at, at, at,
               CASE WHEN n %% 10000 = 0 THEN 'discarded' ELSE 'completed' END::shigoto.job_state, 1, 3, 0, 'default',
               'worker' || n %% 7, '{"some": "arguments of a usual length"}', CASE WHEN n %% 50 = 0 THEN '{red}'::text[] END,
               CASE WHEN n %% 10000 < 100 THEN n / 10000 END
          FROM (SELECT n, '2026-03-01 00:00Z'::timestamptz + n * %2$d * interval '1 day' / %1$d AS at
                  FROM generate_series(1, %1$d - 1) AS n) AS ended
        """
            .formatted(HISTORY, DAYS));
    database.sql(
        """
        INSERT INTO shigoto.jobs (id, queue, worker, args)
        SELECT %1$d + n, 'default', 'worker' || n %% 7, '{"some": "arguments of a usual length"}'
          FROM set_config('shigoto.notify', 'off', true), generate_series(1, %2$d) AS n
        """
            .formatted(HISTORY, LIVE));
  }

  @AfterAll
  void drop() {
    database.drop();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "nothing |",
        "workers | ARRAY['worker3']",
        "states | ARRAY['completed']",
        "states | ARRAY['discarded']",
        "states | ARRAY['available']",
        "batch | 5",
        "ids | ARRAY[5, 77, 500000, 1000005]",
        "inserted from | '2026-03-03 12:00Z'",
        "inserted before | '2027-03-03 12:00Z'",
        "finished from | '2026-03-03 12:00Z'",
        "finished before | '2026-03-03 00:00Z'",
      })
  void aPageOfWhatIsThereCostsLittle(String parameter, String value) {
    search(Map.of(parameter, value == null ? "NULL" : value), Long.MAX_VALUE)
        .touchesNoMorePagesThan(PLANNING + 1_500);
  }

  @Test
  void aPageFurtherDownCostsAsLittle() {
    search(Map.of("tags", "ARRAY['red']"), HISTORY / 2).touchesNoMorePagesThan(PLANNING + 1_500);
  }

  /** It looks at 50,000 jobs, once for the page and once for where it ended, and at no more. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "workers | ARRAY['nobody']",
        "tags | ARRAY['blue']",
        "args | '{\"x\": 1}'",
        "inserted before | '2026-02-03 12:00Z'",
        "finished before | '2026-03-01 00:00Z'",
      })
  void aPageOfWhatIsNotThereHasItsLimit(String parameter, String value) {
    search(Map.of(parameter, value), Long.MAX_VALUE).touchesNoMorePagesThan(PLANNING + 8_000);
  }

  /** A sweep over what failed does not walk what is completed. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "discarded,cancelled | 'ASC'",
        "discarded,cancelled,retryable | 'ASC'",
        "discarded,cancelled,retryable | 'DESC'",
        "available,executing | 'DESC'",
      },
      quoteCharacter = '`')
  void aSliceOfASweepLooksAtWhatItMayMean(String states, String order) {
    String array = "string_to_array('" + states + "', ',')";

    Plan.of(
            database,
            statements.get("match"),
            arguments(Map.of("states", array), "0", "1000000000", order, "1000", "50000"))
        .touchesNoMorePagesThan(PLANNING + 4_000);
  }

  /** A retry finds its jobs by their ids, whatever the history holds; most of these stay. */
  @Test
  void aRetryLooksAtItsGroupOnly() {
    Plan.of(
            database,
            statements.get("retry"),
            LongStream.rangeClosed(900_001, 901_000)
                .mapToObj(Long::toString)
                .collect(Collectors.joining(",", "ARRAY[", "]")),
            "ARRAY['discarded', 'cancelled', 'retryable', 'scheduled']")
        .touchesNoMorePagesThan(PLANNING + 150_000);
  }

  private Plan search(Map<String, String> filter, long below) {
    return Plan.of(database, statements.get("search"), arguments(filter, "" + below, "50", "50000"))
        .readsJobsByIndexOnly();
  }

  private static String[] arguments(Map<String, String> filter, String... more) {
    String[] all =
        Arrays.copyOf(
            Arrays.stream(PARAMETERS)
                .map(name -> filter.getOrDefault(name, "NULL"))
                .toArray(String[]::new),
            PARAMETERS.length + more.length);
    System.arraycopy(more, 0, all, PARAMETERS.length, more.length);
    return all;
  }
}
