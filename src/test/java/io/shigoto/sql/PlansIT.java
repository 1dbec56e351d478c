package io.shigoto.sql;

import io.shigoto.Schemas;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.util.Collections;
import java.util.stream.Collector;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Hot statements keep their index plans when they are prepared, whatever statistics say: what they
 * look at follows from what they are asked for, not from what is there.
 */
@ParameterizedClass
@CsvSource({
  "FRESH, 200000",
  "SAY_ONE, 200000",
  "SAY_ALL_IS_AVAILABLE, 200000",
  "COUNTED_BEFORE_IT_GREW, 1000000",
  "SAY_EMPTY, 1000000",
  "COUNTED_SINCE, 1000000"
})
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PlansIT {

  private static final String LOAD = "16777216";
  private static final int NODES = 5;
  private static final String NODE = "'" + Statistics.NODE + "'";

  /** What it costs to find a row and to change it in the table and in all indexes. */
  private static final long PAGES_PER_ROW = 40;

  private static final long PAGES_ANYWAY = 300;

  /** The first time on a connection, the statements of a function are planned. */
  private static final long PAGES_TO_PLAN = 2_500;

  /** It looks at a few more keys than it takes, and at some hundred jobs for those without one. */
  private static final long PAGES_OF_A_LOOK = PAGES_TO_PLAN + 3_000;

  private final Statements statements = new Statements("shigoto");

  @Parameter(0)
  Statistics statistics;

  @Parameter(1)
  int jobs;

  /** That of the invocation before, which the next one may go on with. */
  private static @Nullable TestDatabase filled;

  private TestDatabase database;

  @BeforeParameterizedClassInvocation
  void fill() {
    if (!statistics.needsJobs() || filled == null) {
      drop();
      filled = TestDatabase.create(PostgresServer.shared(), "jobs", Schemas::migrate);
      Plan.prepare(filled);
      Statistics.prepare(filled);
    }
    database = filled;
    statistics.fill(database, jobs);
  }

  @AfterParameterizedClassInvocation
  void dropAfterTheLast() {
    if (statistics.needsJobs()) {
      drop();
    }
  }

  private static void drop() {
    if (filled != null) {
      filled.drop();
      filled = null;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 100, 1_000})
  void settleLooksAtItsGroupOnly(int group) {
    String states =
        IntStream.range(0, group)
            .mapToObj(i -> i % 2 == 0 ? "'completed'" : "'retryable'")
            .collect(array());

    explain(
            "settle",
            executing(group),
            repeat("1", group),
            states,
            repeat("1000", group),
            repeat("0", group),
            repeat("NULL", group),
            repeat("NULL", group),
            "false")
        .readsJobsByIndexOnly()
        .looksAtNoMoreThan(2L * group)
        .touchesNoMorePagesThan(PAGES_ANYWAY + PAGES_PER_ROW * group);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 100, 1_000})
  void settleCompletedLooksAtItsGroupOnly(int group) {
    explain("settle_completed", executing(group), repeat("1", group))
        .readsJobsByIndexOnly()
        .looksAtNoMoreThan(2L * group)
        .touchesNoMorePagesThan(PAGES_ANYWAY + PAGES_PER_ROW * group);
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 0", "1, 100, -32768", "1, 1000, 0", "5, 1, -32768", "5, 100, 0", "7, 1000, 0"})
  void claimLooksAtWhatItMayTakeOfEachWorker(int workers, int limit, int lowest) {
    explain(
            "claim",
            "'default'",
            workers(workers),
            repeat("1000", workers),
            NODE,
            "" + limit,
            LOAD,
            "" + lowest)
        .readsJobsByIndexOnly()
        .looksAtNoMoreThan(2L * workers * limit)
        .touchesNoMorePagesThan(PAGES_ANYWAY + PAGES_PER_ROW * workers * limit);
  }

  /** What a function does is seen by the pages that it touches. */
  @ParameterizedTest
  @CsvSource({"1, 1", "1, 100", "5, 1", "5, 100"})
  void claimUnderALimitLooksAtWhatItMayTake(int workers, int limit) {
    explainClaim(workers, limit, "\"most\": 1000000", false)
        .touchesNoMorePagesThan(PAGES_TO_PLAN + PAGES_PER_ROW * workers * limit);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 100", "5, 1", "5, 100"})
  void claimByPartitionLooksAtAFewOfThem(int workers, int limit) {
    explainClaim(workers, limit, "\"each\": 2", false)
        .touchesNoMorePagesThan(PAGES_OF_A_LOOK + 2 * PAGES_PER_ROW * workers * limit);
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "1, 100", "5, 1", "5, 100"})
  void claimInTurnsLooksAtAFewPartitions(int workers, int limit) {
    explainClaim(workers, limit, "\"most\": 1000000", true)
        .touchesNoMorePagesThan(PAGES_OF_A_LOOK + 2 * PAGES_PER_ROW * workers * limit);
  }

  private Plan explainClaim(int workers, int limit, String limits, boolean fair) {
    return explain(
        "claim_limited",
        "'default'",
        workers(workers),
        repeat("1000", workers),
        NODE,
        "" + limit,
        "'{\"limits\": [{\"names\": [\"worker0\"], %s}]}'".formatted(limits),
        "" + fair,
        "'{\"after\": \"key3\"}'",
        LOAD);
  }

  @Test
  void promoteLooksAtNothingThatIsNotDue() {
    explain("promote", "5000", "'{worker0,worker1}'").readsJobsByIndexOnly().looksAtNoMoreThan(10);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 100, 1_000})
  void promoteLooksAtAsManyAsItMoves(int group) {
    long last = 2L * group * Statistics.SHARE;
    database.sql(
        "UPDATE shigoto.jobs SET scheduled_at = now() WHERE state = 'scheduled' AND id <= $1",
        last);

    explain("promote", "" + group, "'{worker0,worker1}'")
        .readsJobsByIndexOnly()
        .looksAtNoMoreThan(4L * group);
    database.sql(
        "UPDATE shigoto.jobs SET scheduled_at = now() + interval '1 day'"
            + " WHERE state = 'scheduled' AND id <= $1",
        last);
  }

  @Test
  void pollLooksAtOneJobOfEachQueueAndWorker() {
    String queues =
        Stream.concat(
                Stream.of("'default'"), IntStream.range(15, 35).mapToObj(i -> "'queue" + i + "'"))
            .collect(array());

    explain("poll", queues, workers(7)).readsJobsByIndexOnly().looksAtNoMoreThan(2 * 21 * 7);
  }

  @Test
  void findLostLooksAtWhatIsLost() {
    explain("find_lost", "1000").readsJobsByIndexOnly().looksAtNoMoreThan(2 * jobs / 1_000);
  }

  @Test
  void findOwnedLooksAtWhatTheNodeOwns() {
    long owned =
        database.number("SELECT count(*) FROM shigoto.jobs WHERE owner = " + NODE + "::uuid");

    explain("find_owned", NODE, "1000").readsJobsByIndexOnly().looksAtNoMoreThan(2 * owned);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 100})
  void findStandingLooksAtItsGroupOnly(int group) {
    explain("find_standing", executing(group), repeat("1", group))
        .readsJobsByIndexOnly()
        .looksAtNoMoreThan(3L * group);
  }

  @Test
  void findCancellingLooksAtWhatWasCalledOff() {
    explain("find_cancelling", NODE).readsJobsByIndexOnly().looksAtNoMoreThan(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 100, 1_000})
  void cancelLooksAtItsGroupOnly(int group) {
    String ids =
        database
            .sql("SELECT id FROM shigoto.jobs WHERE id > 100000 ORDER BY id LIMIT " + group)
            .stream()
            .map(row -> String.valueOf(row.get("id")))
            .collect(array());

    explain("cancel", ids, "NULL")
        .readsJobsByIndexOnly()
        .looksAtNoMoreThan(2L * group)
        .touchesNoMorePagesThan(PAGES_ANYWAY + PAGES_PER_ROW * group);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1_000})
  void findStatesLooksAtItsGroupOnly(int group) {
    explain("find_states", executing(group)).readsJobsByIndexOnly().looksAtNoMoreThan(2L * group);
  }

  @Test
  void findUnservedLooksAtOneJobOfEachQueueAndWorker() {
    explain("find_unserved", "20").readsJobsByIndexOnly().looksAtNoMoreThan(6 * 7 * NODES);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 200})
  void watchLooksAtItsGroupOnly(int group) {
    explain("watch", executing(group))
        .readsJobsByIndexOnly()
        .looksAtNoMoreThan(2L * group)
        .touchesNoMorePagesThan(PAGES_ANYWAY + PAGES_PER_ROW * group);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 10, 1_000})
  void progressLooksAtItsGroupOnly(int group) {
    explain("progress", executing(group), repeat("1", group), repeat("50", group))
        .readsJobsByIndexOnly()
        .looksAtNoMoreThan(2L * group)
        .touchesNoMorePagesThan(PAGES_ANYWAY + PAGES_PER_ROW * group);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1_000})
  void findGoneLooksAtWhatItIsAskedFor(int group) {
    explain("find_gone", executing(group)).readsJobsByIndexOnly().looksAtNoMoreThan(4L * group);
  }

  @Test
  void findJobLooksAtOneJob() {
    explain("find_job", "4711").readsJobsByIndexOnly().looksAtNoMoreThan(10);
  }

  @ParameterizedTest
  @ValueSource(strings = {"DESC", "ASC"})
  void explainLooksAtABoundedNumberOfJobs(String order) {
    database.sql(
        "UPDATE shigoto.nodes SET queues = '{default}',"
            + " workers = ARRAY(SELECT 'worker' || n FROM generate_series(0, 6) AS n)");
    long id =
        database.number(
            "SELECT id FROM shigoto.jobs WHERE queue = 'default' AND state = 'available'"
                + " ORDER BY priority %1$s, scheduled_at %1$s, id %1$s LIMIT 1".formatted(order));

    explain("explain", "" + id, "1000")
        .readsJobsByIndexOnly()
        .looksAtNoMoreThan(1_000)
        .touchesNoMorePagesThan(2_000);
    database.sql("UPDATE shigoto.nodes SET queues = '{}', workers = '{}'");
  }

  private Plan explain(String name, String... arguments) {
    return Plan.of(database, statements.get(name), arguments);
  }

  private String executing(int group) {
    return database
        .sql(
            "SELECT id FROM shigoto.jobs WHERE owner = "
                + NODE
                + "::uuid ORDER BY id LIMIT "
                + group)
        .stream()
        .map(row -> String.valueOf(row.get("id")))
        .collect(array());
  }

  private static String workers(int count) {
    return IntStream.range(0, count).mapToObj(i -> "'worker" + i + "'").collect(array());
  }

  private static String repeat(String value, int times) {
    return Collections.nCopies(times, value).stream().collect(array());
  }

  private static Collector<CharSequence, ?, String> array() {
    return Collectors.joining(",", "ARRAY[", "]");
  }
}
