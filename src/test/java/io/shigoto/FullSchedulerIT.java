package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The application's scheduler for workers takes less than the slots of the queue give it. */
class FullSchedulerIT {

  private static final int JOBS = 40;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Scheduler full = Schedulers.newBoundedElastic(1, 1, "application", 10, true);
  private final CountDownLatch released = new CountDownLatch(1);
  private final Told told = new Told();

  @AfterEach
  void release() {
    released.countDown();
  }

  @Test
  void whatItRefusesWaitsAndCostsNothing() {
    Shigoto node = start(Duration.ofMinutes(5), job -> waited());

    enqueue(node);
    told.await(JobEvent.Kind.STARTED);
    released.countDown();

    told.await(JobEvent.Kind.COMPLETED, JOBS);
    assertThat(told.count(JobEvent.Kind.FAILED)).isZero();
    assertThat(told.count(JobEvent.Kind.CIRCUIT_OPENED)).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history WHERE attempt = 1"))
        .isEqualTo(JOBS);
  }

  @Test
  void whomNoThreadTakesInTimeIsGivenBackAndHasNotFailed() {
    full.schedule(this::await);
    Shigoto node = start(Duration.ofMillis(300), job -> Mono.just(Outcome.done()));

    enqueue(node);
    told.await(JobEvent.Kind.RELEASED, JOBS);
    assertThat(told.count(JobEvent.Kind.STARTED)).isZero();
    assertThat(told.count(JobEvent.Kind.FAILED)).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs WHERE attempt > 1")).isZero();
  }

  @Test
  void aStopGivesBackWhatWaitsForIt() {
    full.schedule(this::await);
    Shigoto node = start(Duration.ofMinutes(5), job -> Mono.just(Outcome.done()));
    enqueue(node);
    told.await(JobEvent.Kind.CLAIMED);

    node.stop(Duration.ZERO).block(LIMIT);

    assertThat(
            db.number(
                "SELECT count(*) FROM shigoto.jobs WHERE state = 'available' AND attempt = 0"))
        .isEqualTo(JOBS);
  }

  private Mono<Outcome> waited() {
    return Mono.fromCallable(
        () -> {
          await();
          return Outcome.done();
        });
  }

  private void await() {
    try {
      released.await();
    } catch (InterruptedException cancelled) {
      Thread.currentThread().interrupt();
    }
  }

  private Shigoto start(
      Duration timeout, Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .worker(
                new Scripted("work", script) {
                  @Override
                  public Duration timeout() {
                    return timeout;
                  }
                })
            .queue("default", 20)
            .workerScheduler(full)
            .listener(told));
  }

  private static void enqueue(Shigoto node) {
    node.enqueueAll(Flux.range(0, JOBS).map(i -> NewJob.of("work", Scripted.NOTHING)))
        .collectList()
        .block(LIMIT);
  }
}
