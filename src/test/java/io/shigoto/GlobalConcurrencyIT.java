package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.event.JobEvent;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Limits of the whole cluster, with a poll once an hour: whoever goes on was told in time. */
class GlobalConcurrencyIT {

  private static final Duration NEVER = Duration.ofHours(1);
  private static final String[] THREE = {"a", "b", "c"};

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Crowd crowd = Crowd.inAll();
  private final Crowd partitions = Crowd.byPartition();

  @ParameterizedTest
  @CsvSource({"1, 1000", "3, 2000", "7, 4000"})
  void neverAreThereMoreRunsInTheClusterAndAllGetDone(int most, int jobs) {
    insert("limited", "default", jobs);
    insert("free", "default", jobs);
    for (String name : THREE) {
      nodes.start(
          node()
              .worker(limited(most, job -> crowd.run(name, job, Duration.ZERO)))
              .worker(new Scripted("free", job -> Mono.just(Outcome.done())))
              .queue("default", 10));
    }

    allAreDone();

    assertThat(crowd.most(Crowd.ALL)).isLessThanOrEqualTo(most);
    assertThat(mostByHistory("0")).isLessThanOrEqualTo(most);
    assertThat(told.count(JobEvent.Kind.RELEASED)).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(2L * jobs);
  }

  /** Jobs without a key are not limited by it. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void neverAreThereMoreRunsOfAPartitionKeyInTheCluster(int each) {
    insertPartitions("limited", 30, 2_000);
    insert("limited", "default", 200);
    for (String name : THREE) {
      nodes.start(
          node()
              .worker(partitioned(each, job -> partitions.run(name, job, Duration.ofMillis(1))))
              .queue("default", 20));
    }

    allAreDone();

    partitions
        .groups()
        .filter(key -> !key.equals(Crowd.ALL))
        .forEach(key -> assertThat(partitions.most(key)).as(key).isBetween(1, each));
    assertThat(Crowd.mostByHistory(db.database(), "partition_key IS NOT NULL", "partition_key"))
        .isLessThanOrEqualTo(each);
    assertThat(partitions.most(Crowd.ALL)).isGreaterThan(each);
    assertThat(told.count(JobEvent.Kind.RELEASED)).isZero();
  }

  @Test
  void runsOfANodeThatVanishesCountUntilTheyAreRescued() {
    TcpProxy network = nodes.network(db.options());
    insert("limited", "default", 600);
    nodes.start(
        Shigoto.builder(Nodes.through(network, db.options()))
            .lease(Duration.ofSeconds(1))
            .statementTimeout(Duration.ofSeconds(1))
            .pollInterval(NEVER)
            .worker(limited(3, job -> crowd.run("a", job, NEVER)))
            .queue("default", 2));
    Await.until("two run", LIMIT, () -> crowd.now(Crowd.ALL) == 2);
    for (String name : Set.of("b", "c")) {
      nodes.start(
          node()
              .lease(Duration.ofSeconds(1))
              .worker(limited(3, job -> crowd.run(name, job, Duration.ofMillis(1))))
              .queue("default", 10));
    }
    told.await(JobEvent.Kind.COMPLETED, 50);

    network.freeze();
    allAreDone();

    assertThat(told.count(JobEvent.Kind.RESCUED)).isEqualTo(2);
    assertThat(crowd.most(Crowd.ALL)).isEqualTo(3);
    assertThat(mostByHistory("0")).isLessThanOrEqualTo(3);
  }

  @Test
  void allNamesOfAWorkerCountTogether() {
    insert("limited", "default", 500);
    insert("renamed", "default", 500);
    for (String name : THREE) {
      nodes.start(node().worker(renamed(name)).queue("default", 10));
    }

    allAreDone();

    assertThat(crowd.most(Crowd.ALL)).isLessThanOrEqualTo(3);
    assertThat(mostByHistory("0")).isLessThanOrEqualTo(3);
  }

  /** While a deployment renames the worker, an old node knows of the new name nothing. */
  @Test
  void oldNodesKeepTheLimitOfTheNameThatTheyKnow() {
    insert("limited", "default", 500);
    insert("renamed", "default", 500);
    nodes.start(
        node()
            .worker(limited(3, job -> crowd.run("old", job, Duration.ZERO)))
            .queue("default", 10));
    nodes.start(node().worker(renamed("new")).queue("default", 10));

    allAreDone();

    assertThat(Crowd.mostByHistory(db.database(), "true", "worker")).isLessThanOrEqualTo(3);
  }

  private Scripted renamed(String node) {
    return new Scripted("renamed", job -> crowd.run(node, job, Duration.ZERO)) {
      @Override
      public Set<String> aliases() {
        return Set.of("limited");
      }

      @Override
      public int globalConcurrency() {
        return 3;
      }
    };
  }

  @Test
  void itHoldsHoweverRunsEnd() {
    Transfers.empty(db);
    AtomicLong turn = new AtomicLong();
    ConnectionFactory factory = db.connectionFactory();
    insert("limited", "default", 600);
    for (String name : THREE) {
      nodes.start(
          node()
              .worker(
                  limited(
                      3,
                      job ->
                          crowd
                              .run(name, job, Duration.ZERO)
                              .flatMap(done -> end(factory, job, turn.incrementAndGet()))))
              .queue("default", 10));
    }

    allAreDone();

    assertThat(crowd.most(Crowd.ALL)).isLessThanOrEqualTo(3);
    assertThat(mostByHistory("0")).isLessThanOrEqualTo(3);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(600);
  }

  private static Mono<Outcome> end(ConnectionFactory factory, JobContext<?> job, long turn) {
    return switch ((int) (turn % 7)) {
      case 0 -> Mono.just(Outcome.failed("for a try"));
      case 1 -> Mono.just(Outcome.snooze(Duration.ofMillis(1)));
      case 2 -> Mono.just(Outcome.cancel("not wanted"));
      case 3 -> Transfers.run(factory, job).thenReturn(Outcome.done());
      case 4 -> Mono.just(Outcome.done(turn));
      case 5 -> Mono.just(Outcome.discard("not wanted"));
      default -> Mono.just(Outcome.done());
    };
  }

  @Test
  void whenANodeStopsTheOthersGoOnAtOnceInAllTheirQueues() {
    insert("limited", "one", 5);
    insert("limited", "two", 5);
    Shigoto first =
        nodes.start(node().worker(limited(2, job -> crowd.run("a", job, NEVER))).queue("one", 10));
    Await.until("both run on a", LIMIT, () -> crowd.now(Crowd.ALL) == 2);
    nodes.start(
        node()
            .worker(limited(2, job -> crowd.run("b", job, Duration.ZERO)))
            .queue("one", 10)
            .queue("two", 10));
    told.await(JobEvent.Kind.BULKHEAD_FULL, 1);
    assertThat(crowd.nodes()).containsExactly("a");

    first.stop(Duration.ZERO).block(LIMIT);

    allAreDone();
    assertThat(crowd.most(Crowd.ALL)).isEqualTo(2);
    assertThat(told.all(JobEvent.Kind.BULKHEAD_FULL))
        .allSatisfy(event -> assertThat(event.count()).isEqualTo(2))
        .allSatisfy(event -> assertThat(event.detail()).isEqualTo("cluster"));
  }

  /** A job that waits for a slot would take the place of one that another node could run. */
  @Test
  void noMoreAreClaimedThanThereAreFreeSlots() {
    insert("limited", "default", 100);
    insert("free", "default", 20_000);
    nodes.start(
        node()
            .worker(limited(50, job -> crowd.run("a", job, NEVER)))
            .worker(new Scripted("free", job -> Mono.just(Outcome.done())))
            .queue("default", 4));

    Await.until("all slots are taken", LIMIT, () -> crowd.now(Crowd.ALL) == 4);

    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE limited")).isEqualTo(4);
  }

  /** The row of the job is what is counted, and is gone with the commit. */
  @Test
  void aRunThatCompletesItsJobByItselfCountsUntilThatIsCommittedAndNotUntilItEnds() {
    Transfers.empty(db);
    ConnectionFactory factory = db.connectionFactory();
    Sinks.Empty<Void> end = Sinks.empty();
    for (String name : List.of("a", "b")) {
      nodes.start(
          node()
              .pollInterval(Duration.ofMillis(100))
              .worker(
                  limited(
                      1,
                      job ->
                          Transfers.inTransaction(
                                  factory,
                                  connection ->
                                      crowd
                                          .run(name, job, Duration.ofMillis(1))
                                          .then(Transfers.book(connection, job))
                                          .then(job.completeIn(connection)))
                              .then(end.asMono())
                              .thenReturn(Outcome.done())))
              .queue("default", 5));
    }
    insert("limited", "default", 3);

    Await.until("two are completed", LIMIT, () -> left() == 1);
    assertThat(crowd.nodes()).containsExactlyInAnyOrder("a", "b");
    assertThat(told.count(JobEvent.Kind.COMPLETED)).isZero();
    end.tryEmitEmpty();
    told.await(JobEvent.Kind.COMPLETED, 3);

    assertThat(crowd.most(Crowd.ALL)).isOne();
  }

  private void allAreDone() {
    Await.until("all jobs are done", LIMIT, () -> left() == 0);
  }

  private static long left() {
    return db.number("SELECT count(*) FROM shigoto.jobs");
  }

  private static long mostByHistory(String by) {
    return Crowd.mostByHistory(db.database(), "worker <> 'free'", by);
  }

  private ShigotoBuilder node() {
    return Shigoto.builder(db.connectionFactory()).pollInterval(NEVER).listener(told);
  }

  private static Scripted limited(
      int most, Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    return new Scripted("limited", script) {
      @Override
      public int globalConcurrency() {
        return most;
      }

      @Override
      public Duration backoff(int attempt, Throwable error) {
        return Duration.ofMillis(1);
      }
    };
  }

  private static Scripted partitioned(
      int each, Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    return new Scripted("limited", script) {
      @Override
      public int partitionConcurrency() {
        return each;
      }
    };
  }

  private static void insert(String worker, String queue, int count) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker)
        SELECT $1, $2 FROM set_config('shigoto.notify', 'off', true), generate_series(1, $3)
        """,
        queue,
        worker,
        count);
  }

  private static void insertPartitions(String worker, int keys, int count) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, partition_key)
        SELECT 'default', $1, 'key' || n %% %d
          FROM set_config('shigoto.notify', 'off', true), generate_series(1, $2) AS n
        """
            .formatted(keys),
        worker,
        count);
  }
}
