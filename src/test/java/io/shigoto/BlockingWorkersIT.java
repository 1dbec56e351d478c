package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Workers that block all threads of the scheduler that the application gave for them. */
class BlockingWorkersIT {

  private static final int THREADS = 4;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Scheduler blocked =
      Schedulers.newBoundedElastic(THREADS, Integer.MAX_VALUE, "application", 10, true);
  private final CountDownLatch released = new CountDownLatch(1);
  private final Told told = new Told();

  @AfterEach
  void release() {
    released.countDown();
  }

  @Test
  void whoCallsTheNodeIsAnsweredMeanwhile() {
    Shigoto node = start(job -> done(() -> released.await()));
    enqueue(node, THREADS);
    told.await(JobEvent.Kind.STARTED, THREADS);

    NewJob later = NewJob.of("work", Scripted.NOTHING).queue("nobody's");
    Receipt receipt = node.enqueue(later).block(LIMIT);
    node.enqueue(later.unique(Unique.by(Unique.Field.ARGS))).block(LIMIT);
    node.enqueueAll(Flux.just(later, later)).collectList().block(LIMIT);
    node.broadcasts().publish("topic", "text").block(LIMIT);
    node.queues().pause("nobody's").block(LIMIT);
    node.jobs().cancel(receipt.id()).block(LIMIT);

    assertThat(node.jobs().find(receipt.id()).block(LIMIT)).isNotNull();
    assertThat(node.jobs().await(receipt.id()).onErrorComplete().thenReturn(true).block(LIMIT))
        .isTrue();
    assertThat(told.count(JobEvent.Kind.COMPLETED)).isZero();
  }

  @Test
  void runsMayWaitForAnswersOnAllThreadsAtOnce() {
    AtomicReference<Shigoto> node = new AtomicReference<>();
    CountDownLatch all = new CountDownLatch(THREADS);
    node.set(
        start(
            job ->
                done(
                    () -> {
                      all.countDown();
                      all.await();
                      node.get().enqueue(NewJob.of("child", Scripted.NOTHING)).block(LIMIT);
                    })));

    enqueue(node.get(), THREADS);

    told.await(JobEvent.Kind.COMPLETED, THREADS);
    assertThat(told.count(JobEvent.Kind.FAILED)).isZero();
  }

  private Shigoto start(Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    return nodes.start(
        Shigoto.builder(db.connectionFactory())
            .worker(
                new Scripted("work", script) {
                  @Override
                  public Duration timeout() {
                    return Duration.ofMinutes(5);
                  }
                })
            .queue("default", 2 * THREADS)
            .workerScheduler(blocked)
            .listener(told));
  }

  private static void enqueue(Shigoto node, int jobs) {
    node.enqueueAll(Flux.range(0, jobs).map(i -> NewJob.of("work", Scripted.NOTHING)))
        .collectList()
        .block(LIMIT);
  }

  private static Mono<Outcome> done(Blocking work) {
    return Mono.fromCallable(
        () -> {
          work.run();
          return Outcome.done();
        });
  }

  private interface Blocking {
    void run() throws InterruptedException;
  }
}
