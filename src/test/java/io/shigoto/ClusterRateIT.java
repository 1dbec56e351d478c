package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Rate limits that claims keep, with a poll once an hour: what runs late was woken in time. */
class ClusterRateIT {

  private static final Duration NEVER = Duration.ofHours(1);
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final String CLAIM = "shigoto.claim_limited(";
  private static final List<String> THREE = List.of("a", "b", "c");

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final Starts starts = Starts.inAll();
  private final Set<String> started = ConcurrentHashMap.newKeySet();

  @ParameterizedTest
  @EnumSource
  void startsOfThreeNodesKeepTheRate(RateLimit.Algorithm algorithm) {
    RateLimit limit =
        switch (algorithm) {
          case SLIDING_WINDOW -> RateLimit.of(20, SECOND).slidingWindow();
          case TOKEN_BUCKET -> RateLimit.of(20, SECOND).tokenBucket().burst(15);
          case GCRA -> RateLimit.of(20, SECOND).gcra().burst(4);
          case LEAKY_BUCKET -> RateLimit.of(5, SECOND).leakyBucket();
        };
    insert("limited", "default", 5 * limit.permits());
    for (String name : THREE) {
      nodes.start(node().worker(limited(limit.global(), name)).queue("default", 10));
    }

    told.await(JobEvent.Kind.COMPLETED, 5 * limit.permits());

    starts.assertKept(limit);
    assertThat(started).hasSizeGreaterThan(1);
    assertThat(told.all(JobEvent.Kind.RATE_LIMITED))
        .isNotEmpty()
        .allSatisfy(
            event -> {
              assertThat(event.worker()).isEqualTo("limited");
              assertThat(event.detail()).isEqualTo(limit.global().toString());
            });
  }

  /** What it was permitted and did not start is lost, and what it has started counts. */
  @Test
  void aNodeThatVanishesChangesNothing() {
    RateLimit limit = RateLimit.of(10, SECOND);
    TcpProxy network = nodes.network(db.options());
    insert("limited", "default", 60);
    nodes.start(
        Shigoto.builder(Nodes.through(network, db.options()))
            .lease(SECOND)
            .statementTimeout(SECOND)
            .pollInterval(NEVER)
            .listener(told)
            .worker(limited(limit.global(), "a"))
            .queue("default", 10));
    Await.until("one has started", LIMIT, () -> starts.count() > 0);
    for (String name : List.of("b", "c")) {
      nodes.start(node().lease(SECOND).worker(limited(limit.global(), name)).queue("default", 10));
    }
    Await.until("more have started", LIMIT, () -> starts.count() >= 15);

    network.freeze();
    Await.until("all have ended", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);

    starts.assertKept(limit);
  }

  @Test
  void allNamesOfAWorkerShareTheRate() {
    RateLimit limit = RateLimit.of(10, SECOND);
    insert("limited", "default", 20);
    insert("renamed", "default", 20);
    nodes.start(node().worker(limited(limit.global(), "old")).queue("default", 10));
    for (String name : List.of("b", "c")) {
      nodes.start(
          node()
              .worker(
                  new Paced("renamed", limit.global(), job -> start(name, job)) {
                    @Override
                    public Set<String> aliases() {
                      return Set.of("limited");
                    }
                  })
              .queue("default", 10));
    }

    told.await(JobEvent.Kind.COMPLETED, 40);

    starts.assertKept(limit);
  }

  @Test
  void jobsOfOthersFlowBesideAHundredThousandOfALimitedWorker() {
    TcpProxy network = nodes.network(db.options());
    insert("limited", "default", 100_000);
    insert("free", "default", 20_000);
    RateLimit limit = RateLimit.of(10, SECOND);
    nodes.start(
        Shigoto.builder(Nodes.through(network, db.options()))
            .pollInterval(NEVER)
            .listener(told)
            .worker(limited(limit.global(), "a"))
            .worker(new Scripted("free", job -> done()))
            .queue("default", 20));
    nodes.start(node().worker(limited(limit.global(), "b")).queue("default", 20));

    Await.until(
        "the others are done",
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE worker = 'free'") == 0);

    starts.assertKept(limit);
    assertThat(starts.count()).isPositive();
    assertThat(told.count(JobEvent.Kind.RELEASED)).isLessThan(20_000 / 100);
    assertThat(network.counts().statements("state = 'executing'")).isLessThan(20_000 / 20);
    assertThat(network.counts().statements(CLAIM)).isLessThan(20_000 / 20);
  }

  @Test
  void aRunThatIsTooLateIsGivenBackAndCostsNoAttempt() throws InterruptedException {
    ExecutorService thread = Executors.newSingleThreadExecutor();
    Scheduler one = Schedulers.fromExecutorService(thread);
    CountDownLatch free = new CountDownLatch(1);
    RateLimit limit = RateLimit.of(1, SECOND);
    try {
      one.schedule(() -> awaitQuietly(free));
      Shigoto node =
          nodes.start(
              node()
                  .workerScheduler(one)
                  .worker(limited(limit.global(), "a"))
                  .queue("default", 10));
      insert("limited", "default", 1);
      told.await(JobEvent.Kind.CLAIMED);
      long claimed = System.nanoTime();
      Await.until(
          "the permit is over", LIMIT, () -> System.nanoTime() - claimed > SECOND.toNanos());
      assertThat(starts.count()).isZero();
      free.countDown();

      told.await(JobEvent.Kind.RELEASED);
      JobEvent ended = told.await(JobEvent.Kind.COMPLETED);

      assertThat(ended.attempt()).isEqualTo(1);
      assertThat(starts.count()).isEqualTo(1);
      assertThat(node.jobs().find(ended.jobId()).block(LIMIT).errors()).isEmpty();
    } finally {
      free.countDown();
      thread.shutdown();
    }
  }

  @Test
  void whatNoLongerCountsIsForgotten() {
    db.sql(
        """
        INSERT INTO shigoto.rates (worker, rule, partition_key, state, written_at, free_at, gone_at)
        SELECT 'limited', 'any', ago::text, '{1}', now(), now(), now() - ago * interval '1 minute'
          FROM unnest('{1, 59, 61, 6000}'::integer[]) AS ago
        """);
    nodes.start(node().queue("default", 10));

    Await.until("two are left", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.rates") == 2);
    assertThat(db.number("SELECT max(partition_key::integer) FROM shigoto.rates")).isEqualTo(59);
  }

  /** Concurrency and rate at once: whichever holds it back, it goes on. */
  @Test
  void limitsOfBothKindsHoldTogether() {
    RateLimit limit = RateLimit.of(40, SECOND).tokenBucket().burst(10);
    Crowd crowd = Crowd.inAll();
    insert("limited", "default", 60);
    for (String name : THREE) {
      nodes.start(
          node()
              .worker(
                  new Paced(
                      "limited",
                      limit.global(),
                      job -> start(name, job).then(crowd.run(name, job, Duration.ofMillis(20)))) {
                    @Override
                    public int globalConcurrency() {
                      return 2;
                    }
                  })
              .queue("default", 10));
    }

    told.await(JobEvent.Kind.COMPLETED, 60);

    starts.assertKept(limit);
    assertThat(crowd.most(Crowd.ALL)).isLessThanOrEqualTo(2);
  }

  private Paced limited(RateLimit limit, String node) {
    return new Paced("limited", limit, job -> start(node, job));
  }

  private Mono<Outcome> start(String node, JobContext<?> job) {
    starts.note(job);
    started.add(node);
    return done();
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      assertThat(latch.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private ShigotoBuilder node() {
    return Shigoto.builder(db.connectionFactory()).pollInterval(NEVER).listener(told);
  }

  private static Mono<Outcome> done() {
    return Mono.just(Outcome.done());
  }

  private static void insert(String worker, String queue, int jobs) {
    db.sql(
        """
        INSERT INTO shigoto.jobs (queue, worker, args)
        SELECT $1, $2, '{}' FROM generate_series(1, $3)
        """,
        queue,
        worker,
        jobs);
  }

  /** A worker with a rate. */
  static class Paced extends Scripted {

    private final RateLimit limit;

    Paced(
        String name,
        RateLimit limit,
        Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
      super(name, script);
      this.limit = limit;
    }

    @Override
    public RateLimit rateLimit() {
      return limit;
    }
  }
}
