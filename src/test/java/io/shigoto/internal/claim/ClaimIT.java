package io.shigoto.internal.claim;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.Connection;
import io.shigoto.Schemas;
import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.Wanted;
import io.shigoto.internal.postgres.Connector;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class ClaimIT {

  private static final long HEAVIEST = 1L << 40;
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private final Scheduler timer = Schedulers.newSingle("test-timer", true);
  private final Statements statements = new Statements("shigoto");
  private final UUID node = UUID.randomUUID();
  private Database database;

  @BeforeEach
  void join() {
    database =
        new Database(
            new Connector(db.connectionFactory(), false, LIMIT, timer),
            4,
            LIMIT,
            timer,
            System::nanoTime);
    lease(node, "1 hour");
  }

  @AfterEach
  void close() {
    database.close().block(LIMIT);
    timer.dispose();
  }

  @Test
  void theBestComeFirstByPriorityThenDueTimeThenId() {
    insert("a", 1, "now() - interval '1 hour'");
    insert("b", 2, "now() - interval '1 minute'");
    insert("a", 2, "now() - interval '1 hour'");
    insert("b", -5, "now() - interval '1 year'");
    insert("a", 1, "now() - interval '1 hour'");

    assertThat(claimOneByOne("a", "b")).containsExactly(3L, 2L, 1L, 5L, 4L);
  }

  @Test
  void aClaimTakesTheBestOfAllWorkersAndNoMoreThanItsLimit() {
    insertMany("a", 10, 0);
    insertMany("b", 10, 5);

    List<Claimed> claimed = claim(12, "a", "b");

    assertThat(workersOf(claimed)).isEqualTo(Map.of("b", 10L, "a", 2L));
    assertThat(claimed).allMatch(job -> job.attempt() == 1 && job.lease() == 1);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE state = 'executing'"))
        .isEqualTo(12);
  }

  @Test
  void nothingBelowTheLowestPriorityIsClaimed() {
    insertMany("a", 10, 0);
    insertMany("b", 10, 4);
    insertMany("a", 3, 5);
    insertMany("b", 2, 9);

    assertThat(claimFrom(5, 100, "a", "b")).extracting(Claimed::priority).containsOnly(5, 9);
    assertThat(claimFrom(1, 100, "a")).isEmpty();
    assertThat(claimFrom(1, 100, "a", "b")).hasSize(10);
    assertThat(claimFrom(Short.MIN_VALUE, 100, "a", "b")).hasSize(10);
  }

  @Test
  void unknownWorkersOtherQueuesAndWhatIsNotDueAreNeverTouched() {
    insertMany("unknown", 5, 9);
    db.sql("INSERT INTO shigoto.jobs (queue, worker) VALUES ('other', 'a')");
    insert("a", 9, "now() + interval '1 hour'");
    insert("a", 0, "now()");
    List<String> before = untouched();

    assertThat(claim(100, "a", "b")).extracting(Claimed::worker).containsExactly("a");

    assertThat(untouched()).isEqualTo(before).hasSize(7);
  }

  @Test
  void anAllowanceHoldsForEachWorker() {
    insertMany("a", 10, 5);
    insertMany("b", 10, 0);
    insertMany("c", 10, 9);

    List<String> claimed = claimAllowed(Map.of("a", 3, "b", 4, "c", 0), 20);

    assertThat(counts(claimed)).isEqualTo(Map.of("a", 3L, "b", 4L));
  }

  @Test
  void aNodeWithoutAValidLeaseClaimsNothing() {
    insertMany("a", 10, 0);
    lease(node, "-1 second");
    assertThat(claim(10, "a")).isEmpty();
    assertThat(claim(10, "a", "b")).isEmpty();

    db.sql("DELETE FROM shigoto.nodes");
    assertThat(claim(10, "a")).isEmpty();

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE lease > 0")).isZero();
  }

  @Test
  void aPausedQueueGivesNothing() {
    insertMany("a", 10, 0);
    db.sql("INSERT INTO shigoto.queues (name, paused) VALUES ('default', true)");
    assertThat(claim(10, "a")).isEmpty();
    assertThat(claim(10, "a", "b")).isEmpty();

    db.sql("UPDATE shigoto.queues SET paused = false");

    assertThat(claim(10, "a")).hasSize(10);
  }

  @Test
  void theLeaseOfAJobIsRaisedByEveryClaim() {
    insertMany("a", 1, 0);

    for (int i = 1; i <= 3; i++) {
      assertThat(claim(1, "a")).extracting(Claimed::lease).containsExactly((long) i);
      db.sql("UPDATE shigoto.jobs SET state = 'available', owner = NULL");
    }
  }

  @Test
  void rowsThatARivalHoldsArePassedOverAndTheClaimIsStillFull() {
    insertMany("a", 30, 0);

    List<Claimed> claimed = whileARivalHolds("id <= 10", () -> claim(10, "a"));

    assertThat(claimed).extracting(Claimed::id).allMatch(id -> id > 10).hasSize(10);
  }

  @Test
  void aClaimIsStillFullWhenARivalHoldsAllOfTheBestWorker() {
    insertMany("best", 10, 9);
    insertMany("next", 30, 0);

    List<Claimed> claimed =
        whileARivalHolds("worker = 'best' OR id <= 13", () -> claim(10, "best", "next"));

    assertThat(workersOf(claimed)).isEqualTo(Map.of("next", 10L));
    assertThat(claimed).extracting(Claimed::id).doesNotHaveDuplicates().allMatch(id -> id > 13);
  }

  @Test
  void whatIsTakenInsteadKeepsItsAllowanceAndItsOrder() {
    insertMany("best", 10, 9);
    insertMany("good", 10, 5);
    insertMany("poor", 10, 0);

    List<String> claimed =
        whileARivalHolds(
            "id BETWEEN 3 AND 10",
            () -> claimAllowed(Map.of("best", 10, "good", 3, "poor", 9), 10));

    assertThat(counts(claimed)).isEqualTo(Map.of("best", 2L, "good", 3L, "poor", 5L));
  }

  @Test
  void claimsAtTheSameTimeShareTheJobsAndNoneGetsAJobTwice() {
    insertMany("a", 500, 1);
    insertMany("b", 500, 0);

    List<Long> ids =
        Flux.range(0, 8)
            .flatMap(
                i ->
                    claims(7, "a", "b")
                        .repeat(100)
                        .takeUntil(List::isEmpty)
                        .flatMapIterable(jobs -> jobs))
            .map(Claimed::id)
            .collectList()
            .block(LIMIT);

    assertThat(ids).doesNotHaveDuplicates().hasSize(1_000);
  }

  private static <T> T whileARivalHolds(String which, Supplier<T> claim) {
    Connection rival = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Database.run(rival, "BEGIN; SELECT FROM shigoto.jobs WHERE " + which + " FOR UPDATE")
        .block(LIMIT);
    try {
      return claim.get();
    } finally {
      Mono.from(rival.close()).block(LIMIT);
    }
  }

  /** Of compressed ones it counts what they may have been at most. */
  @ParameterizedTest
  @CsvSource({"EXTERNAL, 4, 4", "EXTENDED, 1, 4"})
  void theBestAreTakenThatAreNotTooHeavyTogether(String storage, int fewest, int most) {
    db.sql("ALTER TABLE shigoto.jobs ALTER args SET STORAGE " + storage);
    insertHeavy("a", 1, 5);
    insertHeavy("b", 9, 2);

    Brought first = claims(100, 350_000, "a", "b").block(LIMIT);
    Brought second = claims(100, 1, "a", "b").block(LIMIT);
    Brought rest = claims(100, HEAVIEST, "a", "b").block(LIMIT);

    db.sql("ALTER TABLE shigoto.jobs ALTER args SET STORAGE EXTENDED");
    assertThat(first.jobs()).hasSizeBetween(fewest, most);
    assertThat(first.jobs().get(0).worker()).isEqualTo("b");
    assertThat(first.tooMuch()).isTrue();
    assertThat(second.jobs()).hasSize(1);
    assertThat(second.tooMuch()).isTrue();
    assertThat(rest.jobs()).hasSize(6 - first.jobs().size());
    assertThat(rest.tooMuch()).isFalse();
  }

  private static void insertHeavy(String worker, int priority, int count) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, priority, args)
        SELECT 'default', $1, $2,
               to_jsonb((SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 3125 + n * 0)))
          FROM generate_series(1, $3) AS n
        """,
        worker,
        (short) priority,
        count);
  }

  private List<Claimed> claim(int limit, String... workers) {
    return claims(limit, workers).block(LIMIT);
  }

  /** With an allowance of its own for each worker; gives their names. */
  private List<String> claimAllowed(Map<String, Integer> allowances, int limit) {
    List<String> workers = List.copyOf(allowances.keySet());
    return database
        .list(
            statements.get("claim"),
            statement ->
                statement
                    .bind(0, "default")
                    .bind(1, workers.toArray(String[]::new))
                    .bind(2, workers.stream().map(allowances::get).toArray(Integer[]::new))
                    .bind(3, node.toString())
                    .bind(4, limit)
                    .bind(5, HEAVIEST)
                    .bind(6, Short.MIN_VALUE),
            row -> String.valueOf(row.get("worker")))
        .block(LIMIT);
  }

  private List<Claimed> claimFrom(int lowest, int limit, String... workers) {
    Wanted wanted =
        new Wanted(
            "default",
            limit,
            HEAVIEST,
            List.of(workers),
            Collections.nCopies(workers.length, limit),
            List.of(),
            lowest,
            false,
            null);
    return new Claimer(database, statements, node).claim(wanted).map(Brought::jobs).block(LIMIT);
  }

  private List<Long> claimOneByOne(String... workers) {
    List<Long> ids = new ArrayList<>();
    for (List<Claimed> next = claim(1, workers); !next.isEmpty(); next = claim(1, workers)) {
      next.forEach(job -> ids.add(job.id()));
    }
    return ids;
  }

  private Mono<List<Claimed>> claims(int limit, String... workers) {
    return claims(limit, HEAVIEST, workers).map(Brought::jobs);
  }

  private Mono<Brought> claims(int limit, long load, String... workers) {
    List<Integer> allowances = Collections.nCopies(workers.length, limit);
    return new Claimer(database, statements, node)
        .claim(Wanted.plain("default", limit, load, List.of(workers), allowances));
  }

  private static Map<String, Long> counts(List<String> workers) {
    return workers.stream().collect(Collectors.groupingBy(name -> name, Collectors.counting()));
  }

  private static Map<String, Long> workersOf(List<Claimed> claimed) {
    return counts(claimed.stream().map(Claimed::worker).toList());
  }

  private static void insert(String worker, int priority, String scheduledAt) {
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker, priority, scheduled_at) VALUES ('default', $1, $2, %s)"
            .formatted(scheduledAt),
        worker,
        (short) priority);
  }

  private static void insertMany(String worker, int count, int priority) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, priority)
        SELECT 'default', $1, $2 FROM generate_series(1, $3)
        """,
        worker,
        (short) priority,
        count);
  }

  private static void lease(UUID node, String remaining) {
    db.sql(
        """
        INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers)
        VALUES ($1, 'test', now() + $2::interval, '{}', '{}')
        ON CONFLICT (id) DO UPDATE SET lease_until = EXCLUDED.lease_until
        """,
        node,
        remaining);
  }

  /** Every job but those of worker a that may be claimed. */
  private static List<String> untouched() {
    return db
        .sql(
            """
            SELECT to_jsonb(job)::text AS row
              FROM shigoto.jobs AS job
             WHERE worker <> 'a' OR queue <> 'default' OR state = 'scheduled'
             ORDER BY id
            """)
        .stream()
        .map(row -> String.valueOf(row.get("row")))
        .toList();
  }
}
