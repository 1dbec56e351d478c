package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/**
 * Never two jobs of a key, whatever the ways in. {@code -Dshigoto.storm=1000} has each of the fifty
 * callers enqueue as many; by default it is a share of that.
 */
class UniqueStormIT {

  private static final int CALLERS = 50;
  private static final int KEYS = 100;
  private static final int JOBS = Integer.getInteger("shigoto.storm", 40);

  /** Of workflows, which start over: nobody hears of it. */
  private static final int SOME = 20;

  private static final Duration LIMIT = Duration.ofSeconds(60 + JOBS);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final long seed = System.nanoTime();

  @Timeout(value = 30, unit = TimeUnit.MINUTES)
  @ParameterizedTest
  @CsvSource({"false, false", "true, false", "false, true", "true, true"})
  void twoJobsNeverHoldTheSameKey(boolean workflows, boolean wishes) {
    Tenures tenures = Tenures.watch(db.database());
    UniqueStorm storm = new UniqueStorm(db.connectionFactory(), KEYS, workflows, wishes);
    List<Shigoto> both = List.of(node("a"), node("b"));
    long deadlocks = deadlocks();
    Looks looks = new Looks(tenures);

    storm.rage(both, CALLERS, JOBS, seed).block(LIMIT);
    Await.until("all ended", LIMIT, () -> db.number("SELECT count(*) FROM shigoto.jobs") == 0);

    assertThat(looks.end()).as("seed %d", seed).isEmpty();
    assertThat(tenures.everShared()).as("seed %d", seed).isEmpty();
    assertThat(storm.errors).as("seed %d", seed).isEmpty();
    assertThat(deadlocks() - deadlocks).isLessThanOrEqualTo(workflows ? SOME : 0);
    assertThat(tenures.count()).isGreaterThan(KEYS);
    assertThat(storm.conflicts.get()).isPositive();
    assertThat(db.number("SELECT count(*) FROM shigoto.unique_keys")).isZero();
  }

  /** The same with a look before the insert instead of the primary key. */
  @Test
  void aLookIsNotEnough() {
    TestDatabase broken = TestDatabase.create(PostgresServer.shared(), "jobs", Schemas::migrate);
    broken.sql(
        """
        ALTER TABLE shigoto.unique_keys DROP CONSTRAINT unique_keys_pkey;
        CREATE INDEX ON shigoto.unique_keys (key);
        CREATE OR REPLACE FUNCTION shigoto.insert_keys(wanted shigoto.unique_keys[]) RETURNS bigint[] LANGUAGE sql AS $$
          WITH inserted AS (
            INSERT INTO shigoto.unique_keys (key, job_id, until, states)
            SELECT DISTINCT ON (key) key, job_id, until, states
              FROM unnest(wanted) AS want
             WHERE NOT EXISTS (SELECT FROM shigoto.unique_keys AS held WHERE held.key = want.key)
             ORDER BY key, job_id
            RETURNING job_id
          )
          SELECT coalesce(array_agg(job_id ORDER BY job_id), '{}') FROM inserted
        $$;
        """);
    Tenures tenures = Tenures.watch(broken);
    Shigoto node = nodes.build(Shigoto.builder(broken.connectionFactory()));

    new UniqueStorm(broken.connectionFactory(), KEYS, false, false)
        .rage(List.of(node), CALLERS, 10, seed)
        .block(LIMIT);

    assertThat(tenures.everShared()).isNotEmpty();
    assertThat(tenures.shared()).isNotEmpty();
    node.stop(Duration.ZERO).block(LIMIT);
    broken.drop();
  }

  private Shigoto node(String name) {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name(name)
            .worker(new Work())
            .worker(new Scripted("over", job -> Mono.just(Outcome.done())))
            .queue("default", 5));
  }

  /** Many of its jobs are discarded: that is no reason to stop. */
  private static final class Work extends Scripted {

    Work() {
      super("work", UniqueStormIT::work);
    }

    @Override
    public CircuitBreaker circuitBreaker() {
      return CircuitBreaker.none();
    }
  }

  private static Mono<Outcome> work(JobContext<Map<String, Object>> job) {
    return Mono.delay(Duration.ofMillis(ThreadLocalRandom.current().nextInt(4)))
        .map(
            waited ->
                switch (ThreadLocalRandom.current().nextInt(10)) {
                  case 0 -> Outcome.failed("no");
                  case 1 -> Outcome.snooze(Duration.ofMillis(5));
                  case 2 -> Outcome.discard("no");
                  case 3 -> Outcome.cancel("no");
                  default -> Outcome.done();
                });
  }

  private static long deadlocks() {
    return db.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
  }

  /** Looks at the table all the time. */
  private static final class Looks {

    private final Queue<String> seen = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();
    private final Sinks.Empty<Void> enough = Sinks.empty();
    private final CompletableFuture<Void> end;

    Looks(Tenures tenures) {
      this.end =
          Mono.fromRunnable(() -> seen.addAll(tenures.shared()))
              .doOnSuccess(looked -> count.incrementAndGet())
              .repeat()
              .takeUntilOther(enough.asMono())
              .then()
              .subscribeOn(Schedulers.boundedElastic())
              .toFuture();
    }

    /** What was seen more than once at a time. */
    Queue<String> end() {
      enough.tryEmitEmpty();
      assertThat(end).succeedsWithin(LIMIT);
      assertThat(count).hasPositiveValue();
      return seen;
    }
  }
}
