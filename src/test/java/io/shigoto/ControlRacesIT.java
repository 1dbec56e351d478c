package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.batch.Batch;
import io.shigoto.batch.NewBatch;
import io.shigoto.control.Cancellation;
import io.shigoto.control.JobFilter;
import io.shigoto.control.Retry;
import io.shigoto.event.JobEvent;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Sweeps over thousands of jobs that two nodes claim and settle at that moment. */
class ControlRacesIT {

  private static final int JOBS = 5_000;
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final JobFilter WORK = JobFilter.where().worker("work");

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final AtomicLong settled = new AtomicLong();
  private final AtomicLong retried = new AtomicLong();
  private Shigoto a;
  private Shigoto b;
  private long deadlocks;

  @BeforeEach
  void start() {
    a = node("a");
    b = node("b");
    deadlocks = deadlocks();
  }

  @Test
  void everyJobEndsOnceHoweverOftenAllAreCancelled() {
    enqueue(JOBS, i -> job(i));

    Flux.range(0, 6).flatMap(i -> (i % 2 == 0 ? a : b).jobs().cancelAll(WORK), 3).blockLast(LIMIT);
    Await.until("all ended", LIMIT, () -> live() == 0);

    assertThat(db.number("SELECT count(DISTINCT id) FROM shigoto.job_history")).isEqualTo(JOBS);
    nothingIsDouble();
    Await.until(LIMIT, () -> settled.get() == JOBS);
  }

  /** Keys and a batch too, so that all that follows from an end and from a retry takes part. */
  @Test
  void retriesAndCancelsOfAllLeaveEachJobInOnePlace() {
    long batch = a.batches().open(NewBatch.of("callback", Scripted.NOTHING)).block(LIMIT);
    enqueue(
        2_000,
        i -> {
          NewJob job = i % 2 == 0 ? job(i).batch(batch) : job(i);
          return i % 5 == 0 ? job.unique(Unique.by(Unique.Field.ARGS)) : job;
        });
    AtomicBoolean over = new AtomicBoolean();

    Flux<Cancellation.Counts> cancels = a.jobs().cancelAll(WORK).repeat(7);
    Flux<Retry.Counts> retries = b.jobs().retryAll(WORK).repeat(7);
    Flux<Long> looks =
        Mono.fromRunnable(ControlRacesIT::nothingIsDouble)
            .thenReturn(1L)
            .subscribeOn(Schedulers.boundedElastic())
            .repeat(() -> !over.get());
    Flux.merge(Flux.merge(cancels, retries).then(Mono.fromRunnable(() -> over.set(true))), looks)
        .blockLast(LIMIT);
    Await.until("all ended", LIMIT, () -> live() == 0);

    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(2_000);
    nothingIsDouble();
    assertThat(db.number("SELECT count(*) FROM shigoto.unique_keys")).isZero();
    assertThat(retried).hasPositiveValue();
    Await.until(LIMIT, () -> settled.get() == 2_000 + retried.get());
    a.batches().seal(batch).block(LIMIT);
    Await.until(LIMIT, () -> batch(batch).state() == Batch.State.FINISHED);
    assertThat(batch(batch).total()).isEqualTo(1_000);
    assertThat(
            Map.of(
                "completed",
                batch(batch).completed(),
                "discarded",
                batch(batch).discarded(),
                "cancelled",
                batch(batch).cancelled()))
        .isEqualTo(
            Map.of(
                "completed", ended(batch, "completed"),
                "discarded", ended(batch, "discarded"),
                "cancelled", ended(batch, "cancelled")));
    assertThat(deadlocks()).isEqualTo(deadlocks);
  }

  private static NewJob job(int i) {
    return NewJob.of("work", Map.of("i", i)).maxAttempts(2);
  }

  private void enqueue(int jobs, IntFunction<NewJob> job) {
    a.enqueueAll(Flux.range(0, jobs).map(job::apply)).blockLast(LIMIT);
  }

  private Shigoto node(String name) {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .name(name)
            .worker(new Scripted("work", ControlRacesIT::work))
            .queue("default", 10)
            .listener(this::count));
  }

  private static Mono<Outcome> work(JobContext<Map<String, Object>> job) {
    return Mono.delay(Duration.ofMillis(ThreadLocalRandom.current().nextInt(20)))
        .map(
            waited ->
                switch (ThreadLocalRandom.current().nextInt(10)) {
                  case 0 -> Outcome.failed("no");
                  case 1 -> Outcome.snooze(Duration.ofMillis(1));
                  case 2 -> Outcome.discard("no");
                  default -> Outcome.done();
                });
  }

  private void count(JobEvent event) {
    if (event.kind() == Kind.RETRIED && event.detail() == null) {
      retried.incrementAndGet();
    } else if (event.worker() != null
        && event.worker().equals("work")
        && (event.kind() == Kind.COMPLETED
            || event.kind() == Kind.DISCARDED
            || event.kind() == Kind.CANCELLED)) {
      settled.incrementAndGet();
    }
  }

  private static void nothingIsDouble() {
    assertThat(
            db.number(
                "SELECT count(*) FROM (SELECT id FROM shigoto.all_jobs GROUP BY id HAVING count(*) > 1) AS twice"))
        .isZero();
  }

  private static long live() {
    return db.number("SELECT count(*) FROM shigoto.jobs WHERE worker = 'work'");
  }

  private static long ended(long batch, String state) {
    return db.number(
        "SELECT count(*) FROM shigoto.job_history WHERE batch_id = $1 AND state = $2::shigoto.job_state",
        batch,
        state);
  }

  private static long deadlocks() {
    return db.number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
  }

  private Batch batch(long id) {
    return a.batches().find(id).block(LIMIT);
  }
}
