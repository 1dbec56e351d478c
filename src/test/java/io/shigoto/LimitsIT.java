package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.TcpProxy;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The limits of workers on a node, with a poll once an hour: what runs late was woken in time. */
class LimitsIT {

  private static final Duration NEVER = Duration.ofHours(1);
  private static final String CLAIM = "SET state = 'executing'";
  private static final String LIMITED_CLAIM = "shigoto.claim_limited(";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();

  /**
   * A permit is taken on the thread that then calls the worker, by the last look at the clock on
   * it: however slow the machine is, that is when the run has started for its limit.
   */
  @ParameterizedTest
  @EnumSource
  void startsKeepTheRateInEveryWindow(RateLimit.Algorithm algorithm) {
    RateLimit limit = by(algorithm, RateLimit.of(20, Duration.ofMillis(200)));
    Starts starts = Starts.asTheLimitSawThem();
    ThreadLocal<Long> seen = ThreadLocal.withInitial(() -> 0L);
    LongSupplier clock =
        () -> {
          long now = System.nanoTime();
          seen.set(now);
          return now;
        };
    insert("limited", "default", 150);
    nodes.start(
        node()
            .worker(
                limited(
                    limit,
                    job -> {
                      starts.note("", seen.get());
                      return done();
                    }))
            .queue("default", 40),
        clock);

    told.await(JobEvent.Kind.COMPLETED, 150);

    starts.assertKept(limit);
    assertThat(starts.count()).isEqualTo(150);
    assertThat(told.count(JobEvent.Kind.RELEASED)).isZero();
    assertThat(told.count(JobEvent.Kind.RATE_LIMITED)).isPositive();
  }

  @Test
  void jobsOfOthersFlowBesideAHundredThousandOfALimitedWorker() {
    TcpProxy network = nodes.network(db.options());
    insert("limited", "default", 100_000);
    insert("free", "default", 20_000);
    RateLimit limit = RateLimit.of(10, Duration.ofSeconds(1));
    long began = System.nanoTime();
    nodes.start(
        Shigoto.builder(Nodes.through(network, db.options()))
            .pollInterval(NEVER)
            .listener(told)
            .worker(limited(limit, job -> done()))
            .worker(new Scripted("free", job -> done()))
            .queue("default", 20));

    Await.until(
        "the others are done",
        LIMIT,
        () -> db.number("SELECT count(*) FROM shigoto.jobs WHERE worker = 'free'") == 0);

    long seconds = Duration.ofNanos(System.nanoTime() - began).toSeconds() + 1;
    long limited =
        told.all(JobEvent.Kind.STARTED).stream().filter(e -> "limited".equals(e.worker())).count();
    assertThat(limited).isBetween(1L, 10 * seconds);
    assertThat(told.count(JobEvent.Kind.RELEASED)).isZero();
    assertThat(network.counts().statements(CLAIM)).isLessThan(20_000 / 20);
  }

  /** Whatever is inserted for it: while nothing of it may start, nothing is asked for. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aBlockedQueueAsksForNothing(boolean together) {
    RateLimit limit = RateLimit.of(5, Duration.ofMinutes(10));
    TcpProxy network = nodes.network(db.options());
    Shigoto node =
        nodes.start(
            Shigoto.builder(Nodes.through(network, db.options()))
                .pollInterval(NEVER)
                .listener(told)
                .worker(limited(together ? limit.global() : limit, job -> done()))
                .queue("default", 20));
    enqueue(node, "limited", 6);
    told.await(JobEvent.Kind.RATE_LIMITED);
    told.await(JobEvent.Kind.COMPLETED, 5);
    network.counts().reset();

    for (int i = 0; i < 50; i++) {
      enqueue(node, "limited", 10);
    }

    assertThat(network.counts().statements(CLAIM)).isZero();
    assertThat(network.counts().statements(LIMITED_CLAIM)).isZero();
    assertThat(told.count(JobEvent.Kind.STARTED)).isEqualTo(5);
  }

  @Test
  void concurrencyHoldsAcrossTheQueuesOfANode() {
    for (String queue : new String[] {"a", "b", "c"}) {
      insert("limited", queue, 700);
      insert("free", queue, 300);
    }
    nodes.start(
        node()
            .worker(bulkhead(4, this::counted))
            .worker(new Scripted("free", job -> done()))
            .queue("a", 10)
            .queue("b", 3)
            .queue("c", 20));

    told.await(JobEvent.Kind.COMPLETED, 3_000);

    assertThat(most).hasValue(4);
    assertThat(told.count(JobEvent.Kind.RELEASED)).isZero();
    assertThat(told.all(JobEvent.Kind.BULKHEAD_FULL))
        .isNotEmpty()
        .allSatisfy(event -> assertThat(event.count()).isEqualTo(4));
  }

  @Test
  void whatAStopGaveBackIsFreeForTheNextNode() {
    insert("limited", "default", 100);
    Scripted never = bulkhead(4, job -> Mono.never());
    Shigoto first = nodes.start(node().worker(never).queue("default", 10));
    told.await(JobEvent.Kind.STARTED, 4);

    first.stop(Duration.ZERO).block(LIMIT);
    nodes.start(node().worker(bulkhead(4, this::counted)).queue("default", 10));

    told.await(JobEvent.Kind.COMPLETED, 100);
    assertThat(most).hasValue(4);
  }

  @Test
  void aCircuitOpensLetsProbesThroughAndCloses() {
    AtomicBoolean sick = new AtomicBoolean(true);
    CircuitBreaker breaker =
        CircuitBreaker.standard().window(10).open(Duration.ofMillis(300)).probes(2);
    insert("limited", "default", 1_000);
    insert("free", "default", 500);
    nodes.start(
        node()
            .worker(
                new Scripted("limited", job -> sick.get() ? Mono.error(new Refused()) : done()) {
                  @Override
                  public CircuitBreaker circuitBreaker() {
                    return breaker;
                  }

                  @Override
                  public Duration backoff(int attempt, Throwable error) {
                    return Duration.ofHours(1);
                  }
                })
            .worker(new Scripted("free", job -> done()))
            .queue("default", 10));
    told.await(JobEvent.Kind.CIRCUIT_OPENED, 1);
    Await.until(LIMIT, () -> told.count(JobEvent.Kind.COMPLETED) == 500);
    int failed = told.count(JobEvent.Kind.FAILED);

    told.await(JobEvent.Kind.CIRCUIT_OPENED, 4);

    assertThat(told.count(JobEvent.Kind.FAILED) - failed).isLessThanOrEqualTo(3 * 2);
    sick.set(false);
    told.await(JobEvent.Kind.CIRCUIT_CLOSED);
    told.await(JobEvent.Kind.COMPLETED, 500 + 1_000 - told.count(JobEvent.Kind.FAILED));
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE attempt <> 1")).isZero();
  }

  /** One slot: the run that opens the circuit is over before the next one could begin. */
  @Test
  void nothingThatWasClaimedAheadBeginsOnceTheCircuitIsOpen() {
    AtomicBoolean sick = new AtomicBoolean();
    insert("limited", "default", 30_000);
    Shigoto node = nodes.start(node().worker(breaking(sick)).queue("default", 1));
    Await.until(
        "hundreds are claimed ahead", LIMIT, () -> node.health().block(LIMIT).runsHeld() > 300);

    sick.set(true);
    told.await(JobEvent.Kind.CIRCUIT_OPENED);
    Await.until(
        "all that was claimed is settled", LIMIT, () -> node.health().block(LIMIT).runsHeld() == 0);

    assertThat(told.count(JobEvent.Kind.FAILED)).isEqualTo(10);
    assertThat(told.count(JobEvent.Kind.STARTED))
        .isEqualTo(10 + told.count(JobEvent.Kind.COMPLETED));
    assertThat(told.count(JobEvent.Kind.RELEASED)).isPositive();
    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.jobs WHERE state <> 'retryable'"
                    + " AND (state <> 'available' OR attempt <> 0)"))
        .isZero();
  }

  /** They say that they are done. Those that commit are successes. */
  @Test
  void runsWhoseTransactionIsRolledBackOpenTheCircuit() {
    AtomicBoolean sick = new AtomicBoolean();
    ConnectionFactory factory = db.connectionFactory();
    insert("limited", "default", 40);
    nodes.start(
        node().worker(breaking(job -> completed(factory, job, sick.get()))).queue("default", 1));
    told.await(JobEvent.Kind.COMPLETED, 40);

    sick.set(true);
    insert("limited", "default", 40);
    told.await(JobEvent.Kind.CIRCUIT_OPENED);

    assertThat(told.all(JobEvent.Kind.FAILED))
        .hasSizeGreaterThanOrEqualTo(10)
        .extracting(JobEvent::detail)
        .containsOnly("NotCommitted");
  }

  private static Mono<Outcome> completed(
      ConnectionFactory factory, JobContext<?> job, boolean rollBack) {
    return Transfers.inTransaction(
            factory,
            connection ->
                job.completeIn(connection)
                    .then(rollBack ? Mono.<Void>error(new Refused()) : Mono.empty()))
        .onErrorComplete()
        .thenReturn(Outcome.done());
  }

  /** Half of the last 20 fail, and it is open for an hour. */
  private static Scripted breaking(AtomicBoolean sick) {
    return breaking(job -> sick.get() ? Mono.error(new Refused()) : done());
  }

  private static Scripted breaking(Function<JobContext<Map<String, Object>>, Mono<Outcome>> work) {
    return new Scripted("limited", work) {
      @Override
      public CircuitBreaker circuitBreaker() {
        return CircuitBreaker.standard().open(NEVER);
      }

      @Override
      public Duration backoff(int attempt, Throwable error) {
        return NEVER;
      }
    };
  }

  private Mono<Outcome> counted(JobContext<Map<String, Object>> job) {
    return Mono.defer(
        () -> {
          most.accumulateAndGet(running.incrementAndGet(), Math::max);
          return Mono.delay(Duration.ofMillis(1))
              .doOnNext(end -> running.decrementAndGet())
              .thenReturn(Outcome.done());
        });
  }

  private ShigotoBuilder node() {
    return Shigoto.builder(db.connectionFactory()).pollInterval(NEVER).listener(told);
  }

  private static Mono<Outcome> done() {
    return Mono.just(Outcome.done());
  }

  private static Scripted limited(
      RateLimit limit, Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    return new Scripted("limited", script) {
      @Override
      public RateLimit rateLimit() {
        return limit;
      }
    };
  }

  private static Scripted bulkhead(
      int concurrency, Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    return new Scripted("limited", script) {
      @Override
      public int concurrency() {
        return concurrency;
      }
    };
  }

  private static RateLimit by(RateLimit.Algorithm algorithm, RateLimit limit) {
    return switch (algorithm) {
      case SLIDING_WINDOW -> limit.slidingWindow();
      case TOKEN_BUCKET -> limit.tokenBucket();
      case GCRA -> limit.gcra();
      case LEAKY_BUCKET -> limit.leakyBucket();
    };
  }

  private static void insert(String worker, String queue, int count) {
    db.sql(
        "INSERT INTO shigoto.jobs (queue, worker) SELECT '%s', '%s' FROM generate_series(1, %d)"
            .formatted(queue, worker, count));
  }

  private static void enqueue(Shigoto node, String worker, int count) {
    node.enqueueAll(Flux.range(0, count).map(i -> NewJob.of(worker, Scripted.NOTHING)))
        .then()
        .block(LIMIT);
  }

  private static final class Refused extends RuntimeException {

    private static final long serialVersionUID = 1L;
  }
}
