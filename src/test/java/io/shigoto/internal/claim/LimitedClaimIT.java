package io.shigoto.internal.claim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.r2dbc.spi.Connection;
import io.shigoto.Schemas;
import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.Wanted;
import io.shigoto.internal.known.ClusterLimit;
import io.shigoto.internal.known.SharedRate;
import io.shigoto.internal.postgres.Connector;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** claim_limited.sql, one claim after the other. */
class LimitedClaimIT {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String KEYLESS = "-";
  private static final long HEAVIEST = 1L << 40;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private final Scheduler timer = Schedulers.newSingle("test-timer", true);
  private final Statements statements = new Statements("shigoto");
  private final UUID node = UUID.randomUUID();
  private Database database;
  private @Nullable String leftOff;
  private long load = HEAVIEST;
  private int lowest = Short.MIN_VALUE;

  @BeforeEach
  void join() {
    database =
        new Database(
            new Connector(db.connectionFactory(), true, LIMIT, timer),
            4,
            LIMIT,
            timer,
            System::nanoTime);
    db.sql(
        """
        INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers)
        VALUES ($1, 'test', now() + interval '1 hour', '{}', '{}')
        """,
        node);
  }

  @AfterEach
  void close() {
    database.close().block(LIMIT);
    timer.dispose();
  }

  @Test
  void allNamesOfAWorkerShareTheRoomAndOthersHaveTheirs() {
    insert("new", null, 10, 0);
    insert("old", null, 10, 5);
    insert("free", null, 10, 3);
    ClusterLimit limit = new ClusterLimit(List.of("new", "old"), 4, null, null);

    Brought first = claim(20, List.of(limit), "new", "free");
    Brought second = claim(20, List.of(limit), "old", "new");

    assertThat(workersOf(first)).isEqualTo(Map.of("new", 4L, "free", 10L));
    assertThat(first.full()).containsExactly("new");
    assertThat(second.jobs()).isEmpty();
    assertThat(second.full()).containsExactlyInAnyOrder("new", "old");
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE limited")).isEqualTo(4);
  }

  @Test
  void itIsNotFullWhenNothingMoreWaits() {
    insert("limited", null, 4, 0);
    ClusterLimit limit = new ClusterLimit(List.of("limited"), 4, null, null);

    assertThat(claim(20, List.of(limit), "limited").full()).isEmpty();
    assertThat(claim(20, List.of(limit), "limited").full()).isEmpty();
  }

  @Test
  void whileSomebodyClaimsOfAWorkerTheOthersAreClaimed() {
    insert("limited", null, 10, 0);
    insert("free", null, 10, 0);
    ClusterLimit limit = new ClusterLimit(List.of("limited", "older"), 4, null, null);
    claim(1, List.of(limit), "limited");

    Brought brought =
        whileARivalHolds(
            "shigoto.limits WHERE worker = 'older'",
            () -> claim(20, List.of(limit), "limited", "free"));

    assertThat(workersOf(brought)).isEqualTo(Map.of("free", 10L));
    assertThat(brought.busy()).containsExactlyInAnyOrder("limited", "older");
  }

  @Test
  void ofEachPartitionKeyNoMoreAreTakenAndTheBestComeFirst() {
    insert("limited", "z", 10, 9);
    insert("limited", "a", 10, 0);
    insert("limited", "m", 10, 5);
    insert("limited", null, 3, 7);
    ClusterLimit limit = new ClusterLimit(List.of("limited"), null, 2, null);

    assertThat(keysOf(claim(6, List.of(limit), "limited")))
        .containsExactly("z", "z", KEYLESS, KEYLESS, KEYLESS, "m");
    Brought rest = claim(10, List.of(limit), "limited");
    assertThat(keysOf(rest)).containsExactly("m", "a", "a");
    assertThat(rest.crowded()).containsExactly("limited");
    assertThat(rest.full()).isEmpty();
  }

  @Test
  void roomInAllAndByKeyHoldTogether() {
    insertKeys("limited", 10, 100, 0);
    ClusterLimit limit = new ClusterLimit(List.of("limited"), 7, 1, null);

    assertThat(claim(20, List.of(limit), "limited").jobs())
        .hasSize(7)
        .extracting(Claimed::partitionKey)
        .doesNotHaveDuplicates();
    assertThat(claim(20, List.of(limit), "limited").jobs()).isEmpty();
  }

  @Test
  void behindManyJobsThatMayNotRunOthersAreFound() {
    insert("limited", "big", 3_000, 9);
    insert("limited", "small", 2, 0);
    insert("limited", null, 2, 0);
    ClusterLimit limit = new ClusterLimit(List.of("limited"), null, 1, null);

    List<String> found = new ArrayList<>();
    for (int look = 0; look < 20 && found.size() < 4; look++) {
      found.addAll(keysOf(claim(10, List.of(limit), "limited")));
    }

    assertThat(found).containsExactlyInAnyOrder("big", "small", KEYLESS, KEYLESS);
  }

  /** However many keys are blocked, a claim finds those that are not. */
  @Test
  void amongManyKeysThatMayNotRunOthersAreFoundByOneClaim() {
    insertKeys("limited", 2_000, 4_000, 9);
    insert("limited", "zzz", 1, 0);
    ClusterLimit limit = new ClusterLimit(List.of("limited"), null, 1, null);
    db.sql(
        """
        UPDATE shigoto.jobs SET state = 'executing', owner = $1, limited = true
         WHERE id <= 2000
        """,
        node);

    Brought brought = claim(10, List.of(limit), "limited");

    assertThat(keysOf(brought)).containsExactly("zzz");
    assertThat(brought.crowded()).containsExactly("limited");
  }

  /** They stand behind many jobs that may not run, among many keys of which none is claimed. */
  @Test
  void whereLowPrioritiesAreNotClaimedOthersAreFoundAndALookComesToItsEnd() {
    ClusterLimit limit = new ClusterLimit(List.of("limited"), null, 1, null);
    insert("limited", "full", 200, 10);
    insertKeys("limited", 3_000, 3_000, 0);
    assertThat(keysOf(claim(1, List.of(limit), "limited"))).containsExactly("full");
    lowest = 5;

    for (int round = 0; round < 3; round++) {
      assertThat(whileThereIsMore(limit)).isEmpty();
    }
    insert("limited", "zzz", 1, 9);
    insert("limited", "key1", 1, 9);
    assertThat(whileThereIsMore(limit)).containsExactlyInAnyOrder("key1", "zzz");
    insert("limited", null, 1, 9);
    assertThat(whileThereIsMore(limit)).containsExactly(KEYLESS);
  }

  /** The jobs without a key that are not claimed keep no look from those that are. */
  @Test
  void whereLowPrioritiesAreNotClaimedJobsWithoutAKeyAreFound() {
    ClusterLimit limit = new ClusterLimit(List.of("limited"), null, 1, null);
    insert("limited", "full", 200, 10);
    insert("limited", "full", 1_200, 0);
    insert("limited", null, 5, -1);
    assertThat(keysOf(claim(1, List.of(limit), "limited"))).containsExactly("full");
    lowest = 5;
    for (int look = 0; look < 5; look++) {
      assertThat(whileThereIsMore(limit)).isEmpty();
    }

    insert("limited", null, 1, 9);
    List<String> found = new ArrayList<>();
    for (int look = 0; look < 5; look++) {
      found.addAll(whileThereIsMore(limit));
    }
    assertThat(found).containsExactly(KEYLESS);
  }

  /** As a node claims: again and again while there may be more. */
  private List<String> whileThereIsMore(ClusterLimit limit) {
    List<String> keys = new ArrayList<>();
    for (int claims = 1; ; claims++) {
      assertThat(claims).isLessThan(10);
      Brought brought = claim(1, List.of(limit), "limited");
      keys.addAll(keysOf(brought));
      if (brought.jobs().isEmpty() && !brought.more()) {
        return keys;
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatIsTooHeavyIsLeft(boolean fair) {
    insertKeys("limited", 10, 100, 0);
    List<ClusterLimit> limits = List.of(new ClusterLimit(List.of("limited"), 50, null, null));
    load = 50;

    Brought few = claim(20, limits, fair, "limited");
    load = HEAVIEST;
    Brought many = claim(20, limits, fair, "limited");

    assertThat(few.jobs()).hasSizeBetween(1, 19);
    assertThat(few.tooMuch()).isTrue();
    assertThat(few.more()).isTrue();
    assertThat(many.jobs()).hasSize(20);
    assertThat(many.tooMuch()).isFalse();
  }

  @Test
  void noMoreAreTakenThanMayStartAndAllNamesOfAWorkerShareThem() {
    insert("new", null, 10, 0);
    insert("old", null, 10, 5);
    insert("free", null, 10, 3);
    ClusterLimit limit = new ClusterLimit(List.of("new", "old"), null, null, minutely(4, false));

    Brought first = claim(20, List.of(limit), "new", "free");
    Brought second = claim(20, List.of(limit), "old", "new");

    assertThat(workersOf(first)).isEqualTo(Map.of("new", 4L, "free", 10L));
    assertThat(first.paced().keySet()).containsExactlyInAnyOrder("new", "old");
    assertThat(first.paced().get("new")).isBetween(60_000_000L, 60_100_000L);
    assertThat(second.jobs()).isEmpty();
    assertThat(second.paced().get("old")).isBetween(1L, first.paced().get("old"));
    assertThat(second.full()).isEmpty();
    assertThat(db.number("SELECT count(*) FROM shigoto.rates WHERE state[2] = 4")).isEqualTo(2);
  }

  /** What was not taken has not started. */
  @Test
  void onlyWhatIsTakenCounts() {
    insert("limited", null, 1, 0);
    ClusterLimit limit = new ClusterLimit(List.of("limited"), null, null, minutely(4, false));

    assertThat(claim(20, List.of(limit), "limited").jobs()).hasSize(1);
    assertThat(claim(20, List.of(limit), "limited").paced()).isEmpty();
    insert("limited", null, 9, 0);

    assertThat(claim(20, List.of(limit), "limited").jobs()).hasSize(3);
  }

  /** Whether its run has begun, only its node may know, and that may be gone. */
  @Test
  void whatIsTakenAndGivenBackHasUsedItsPermit() {
    insert("limited", null, 1, 0);
    ClusterLimit limit = new ClusterLimit(List.of("limited"), 1, null, minutely(2, false));

    for (int permit = 0; permit < 2; permit++) {
      assertThat(claim(20, List.of(limit), "limited").jobs()).hasSize(1);
      db.sql("UPDATE shigoto.jobs SET state = 'available', owner = NULL, attempt = attempt - 1");
    }

    Brought none = claim(20, List.of(limit), "limited");
    assertThat(none.jobs()).isEmpty();
    assertThat(none.full()).isEmpty();
    assertThat(none.paced()).containsOnlyKeys("limited");
  }

  @Test
  void itIsToldWhichLimitHoldsItBack() {
    insert("limited", null, 20, 0);
    SharedRate rate = minutely(4, false);

    Brought few = claim(9, List.of(new ClusterLimit(List.of("limited"), 3, null, rate)), "limited");
    assertThat(few.jobs()).hasSize(3);
    assertThat(few.full()).containsExactly("limited");
    assertThat(few.paced()).isEmpty();
    Brought one = claim(9, List.of(new ClusterLimit(List.of("limited"), 9, null, rate)), "limited");
    assertThat(one.jobs()).hasSize(1);
    assertThat(one.full()).isEmpty();
    assertThat(one.paced()).containsOnlyKeys("limited");
    Brought none =
        claim(9, List.of(new ClusterLimit(List.of("limited"), 4, null, rate)), "limited");
    assertThat(none.full()).containsExactly("limited");
    assertThat(none.paced()).containsOnlyKeys("limited");
  }

  @Test
  void eachKeyHasItsRateAndSoHaveJobsWithoutOne() {
    insert("limited", "a", 10, 0);
    insert("limited", "b", 1, 9);
    insert("limited", null, 10, 5);
    ClusterLimit limit = new ClusterLimit(List.of("limited"), null, null, minutely(2, true));

    Brought first = claim(20, List.of(limit), "limited");
    assertThat(keysOf(first)).containsExactly("b", KEYLESS, KEYLESS, "a", "a");
    assertThat(first.paced()).containsOnlyKeys("limited");
    assertThat(claim(20, List.of(limit), "limited").jobs()).isEmpty();
    insert("limited", "b", 9, 0);
    insert("limited", "c", 1, 0);

    Brought third = claim(20, List.of(limit), "limited");
    assertThat(keysOf(third)).containsExactly("b", "c");
    assertThat(third.full()).isEmpty();
  }

  /** It goes so far at a time, and then on from there. */
  @Test
  void amongManyKeysWhoseRateIsUsedUpOthersAreFound() {
    insertKeys("limited", 5_000, 5_000, 9);
    insert("limited", "zzz", 1, 0);
    SharedRate rate = minutely(1, true);
    db.sql(
        """
        INSERT INTO shigoto.rates (worker, rule, partition_key, state, written_at, free_at, gone_at)
        SELECT 'limited', $1, 'key' || n, ARRAY[shigoto.micros(now()), 1], now(), now() + interval '1 minute', now()
          FROM generate_series(0, 4999) AS n
        """,
        rate.rule());
    ClusterLimit limit = new ClusterLimit(List.of("limited"), null, null, rate);

    List<String> found = new ArrayList<>();
    int looks = 0;
    for (; looks < 20 && found.isEmpty(); looks++) {
      Brought brought = claim(10, List.of(limit), "limited");
      assertThat(brought.more()).isTrue();
      found.addAll(keysOf(brought));
    }

    assertThat(found).containsExactly("zzz");
    assertThat(looks).isBetween(2, 8);
  }

  @Test
  void inAFairQueueKeysTakeTurnsAndJobsWithoutOneShareATurn() {
    insert("work", "big", 1_000, 9);
    insert("work", "small", 3, 0);
    insert("work", null, 50, 9);
    insert("other", "tiny", 2, -5);

    assertThat(keysOneByOne(12, "work", "other"))
        .containsExactly(
            "big", "small", "tiny", "-", "big", "small", "tiny", "-", "big", "small", "-", "big");
  }

  @Test
  void inAFairQueueThoseComeFirstOfWhichTheLeastRuns() {
    insertKeys("work", 4, 400, 0);

    assertThat(counts(keysOf(fair(40, "work"))).values()).containsOnly(10L);
    db.sql(
        "UPDATE shigoto.jobs SET state = 'available', owner = NULL WHERE partition_key = 'key1' AND"
            + " owner IS NOT NULL");

    assertThat(counts(keysOf(fair(10, "work")))).isEqualTo(Map.of("key1", 10L));
    assertThat(counts(keysOf(fair(8, "work"))).values()).containsOnly(2L);
  }

  @Test
  void inAFairQueueTheBestOfEachKeyComesFirst() {
    insert("work", "a", 1, 0);
    insert("work", "b", 1, 0);
    insert("work", "a", 1, 7);
    insert("other", "b", 1, 9);

    assertThat(fair(4, "work", "other").jobs())
        .extracting(Claimed::partitionKey, Claimed::priority)
        .containsExactly(tuple("b", 9), tuple("a", 7), tuple("a", 0), tuple("b", 0));
  }

  @Test
  void inAFairQueueEveryOneOfManyKeysHasItsTurn() {
    insertKeys("work", 1_000, 20_000, 0);
    Map<String, Long> taken = new HashMap<>();

    for (int i = 0; i < 150; i++) {
      fair(20, "work")
          .jobs()
          .forEach(job -> taken.merge(Objects.requireNonNull(job.partitionKey()), 1L, Long::sum));
      db.sql("DELETE FROM shigoto.jobs WHERE owner IS NOT NULL");
    }

    assertThat(taken).hasSize(1_000);
    assertThat(taken.values()).allSatisfy(count -> assertThat(count).isBetween(2L, 4L));
  }

  /** The first claims of a worker, by several nodes at once, each with the limits in its order. */
  @Test
  void theFirstClaimsOfSeveralLimitsDoNotWaitInACircle() {
    Connection rival = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Database.run(rival, "BEGIN; INSERT INTO shigoto.limits (worker) VALUES ('m')").block(LIMIT);
    Mono<Brought> forth = claimOfLimits("a", "m", "z").subscribeOn(Schedulers.boundedElastic());
    Mono<Brought> back = claimOfLimits("z", "m", "a").subscribeOn(Schedulers.boundedElastic());

    Mono<?> rollback =
        Mono.fromRunnable(() -> whenClaimsWait(2))
            .subscribeOn(Schedulers.boundedElastic())
            .then(Mono.defer(() -> Database.run(rival, "ROLLBACK")));

    assertThatCode(() -> Mono.when(forth, back, rollback).block(LIMIT)).doesNotThrowAnyException();

    Mono.from(rival.close()).block(LIMIT);
    assertThat(db.number("SELECT count(*) FROM shigoto.limits")).isEqualTo(3);
  }

  private Mono<Brought> claimOfLimits(String... workers) {
    return Mono.fromCallable(
        () ->
            claim(
                1,
                Arrays.stream(workers)
                    .map(worker -> new ClusterLimit(List.of(worker), 1, null, null))
                    .toList(),
                workers));
  }

  private static void whenClaimsWait(int count) {
    Await.until(
        count + " wait",
        LIMIT,
        () ->
            db.number(
                    """
                    SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'
                    """)
                >= count);
  }

  @Test
  void aPausedQueueAndANodeWithoutALeaseGetNothing() {
    insert("limited", null, 10, 0);
    List<ClusterLimit> limits = List.of(new ClusterLimit(List.of("limited"), 4, null, null));
    db.sql("INSERT INTO shigoto.queues (name, paused) VALUES ('default', true)");
    assertThat(claim(5, limits, "limited").jobs()).isEmpty();

    db.sql("UPDATE shigoto.queues SET paused = false");
    db.sql("UPDATE shigoto.nodes SET lease_until = now()");
    assertThat(claim(5, limits, "limited").jobs()).isEmpty();

    db.sql("UPDATE shigoto.nodes SET lease_until = now() + interval '1 hour'");
    assertThat(claim(5, limits, "limited").jobs()).hasSize(4);
  }

  /** There it would count what ran when the claim began. */
  @Test
  void anotherIsolationLevelIsRefused() {
    assertThatThrownBy(
            () ->
                db.sql(
                    """
                    BEGIN ISOLATION LEVEL REPEATABLE READ;
                    SELECT shigoto.claim_limited('default', '{a}', '{1}', gen_random_uuid(), 1, '[]', true, NULL, 1000000)
                    """))
        .hasMessageContaining("repeatable read");
  }

  private static SharedRate minutely(int starts, boolean keyed) {
    return new SharedRate(
        starts + " a minute", true, starts, 60_000_000, starts, 100_000, 0, keyed);
  }

  private <T> T whileARivalHolds(String which, Supplier<T> claim) {
    Connection rival = Mono.from(db.connectionFactory().create()).block(LIMIT);
    Database.run(rival, "BEGIN; SELECT FROM " + which + " FOR UPDATE").block(LIMIT);
    try {
      return claim.get();
    } finally {
      Mono.from(rival.close()).block(LIMIT);
    }
  }

  private Brought claim(int limit, List<ClusterLimit> limits, String... workers) {
    return claim(limit, limits, false, workers);
  }

  private Brought fair(int limit, String... workers) {
    return claim(limit, List.of(), true, workers);
  }

  private Brought claim(int limit, List<ClusterLimit> limits, boolean fair, String... workers) {
    Wanted wanted =
        new Wanted(
            "default",
            limit,
            load,
            Arrays.asList(workers),
            Collections.nCopies(workers.length, limit),
            limits,
            lowest,
            fair,
            leftOff);
    Brought brought = new Claimer(database, statements, node).claim(wanted).block(LIMIT);
    leftOff = brought.leftOff();
    return brought;
  }

  /** Each is done before the next is claimed. */
  private List<String> keysOneByOne(int claims, String... workers) {
    return IntStream.range(0, claims)
        .mapToObj(
            i -> {
              List<String> keys = keysOf(fair(1, workers));
              db.sql("DELETE FROM shigoto.jobs WHERE owner IS NOT NULL");
              return keys.get(0);
            })
        .toList();
  }

  private static List<String> keysOf(Brought brought) {
    return brought.jobs().stream()
        .map(job -> Objects.requireNonNullElse(job.partitionKey(), KEYLESS))
        .toList();
  }

  private static Map<String, Long> workersOf(Brought brought) {
    return counts(brought.jobs().stream().map(Claimed::worker).toList());
  }

  private static Map<String, Long> counts(List<String> words) {
    return words.stream().collect(Collectors.groupingBy(word -> word, Collectors.counting()));
  }

  private static void insert(String worker, @Nullable String key, int count, int priority) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, partition_key, priority)
        SELECT 'default', $1, nullif($2, '-'), $3 FROM generate_series(1, $4)
        """,
        worker,
        Objects.requireNonNullElse(key, KEYLESS),
        (short) priority,
        count);
  }

  private static void insertKeys(String worker, int keys, int count, int priority) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, partition_key, priority)
        SELECT 'default', $1, 'key' || n % $2, $3 FROM generate_series(1, $4) AS n
        """,
        worker, keys, (short) priority, count);
  }
}
