package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.QueueOptions;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Queues of a node with a limit, paused, resized, removed and added at random while they work. */
class NodeLimitAtRandomIT {

  private static final int SLOTS = 5;
  private static final int JOBS = 3_000;

  /** Of each queue: a slow machine has done with them one day, and then its jobs are done too. */
  private static final int CHANGES = 100;

  private static final List<String> QUEUES = List.of("a", "b", "c");
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Overlaps overlaps = new Overlaps();
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();

  @Test
  void theLimitHoldsNoJobIsLostAndNoQueueIsLeftBehind() {
    ShigotoBuilder builder =
        Shigoto.builder(db.connectionFactory()).concurrency(SLOTS).worker(worker());
    QUEUES.forEach(queue -> builder.queue(queue, some()));
    Shigoto node = nodes.start(builder);
    Mono<Void> changes =
        Flux.fromIterable(QUEUES).flatMap(queue -> changes(node.queues(), queue)).then();

    Mono.when(enqueue(node), changes).block(PATIENCE);
    Await.until(
        "all jobs ended",
        PATIENCE,
        () -> db.number("SELECT count(*) FROM shigoto.job_history") >= JOBS);

    assertThat(overlaps.found()).isEmpty();
    assertThat(
            db.number(
                "SELECT count(DISTINCT id) FROM shigoto.job_history WHERE state = 'completed' AND attempt = 1"))
        .isEqualTo(JOBS);
    assertThat(overlaps.jobs()).isEqualTo(JOBS);
    assertThat(most.get()).isLessThanOrEqualTo(SLOTS);
  }

  private static Flux<?> changes(Queues queues, String queue) {
    return Mono.defer(() -> change(queues, queue, ThreadLocalRandom.current().nextInt(4)))
        .delayElement(Duration.ofMillis(5))
        .repeat(CHANGES - 1);
  }

  private static Mono<Boolean> change(Queues queues, String queue, int kind) {
    Mono<Void> changed =
        switch (kind) {
          case 0 -> queues.remove(queue, Duration.ofSeconds(10)).then(queues.add(queue, some()));
          case 1 -> queues.pause(queue).then(queues.resume(queue));
          default -> queues.resize(queue, some().concurrency());
        };
    return changed.thenReturn(true);
  }

  private static QueueOptions some() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return QueueOptions.concurrency(random.nextInt(1, 10)).weight(random.nextInt(1, 5));
  }

  private static Mono<Void> enqueue(Shigoto node) {
    return node.enqueueAll(
            Flux.range(0, JOBS)
                .map(i -> NewJob.of("work", Scripted.NOTHING).queue(QUEUES.get(i % 3))))
        .then();
  }

  /** It counts what the node runs: nothing of it is cut, for a removal has a long grace. */
  private Scripted worker() {
    return new Scripted(
        "work",
        job ->
            overlaps.watch(
                "node",
                job,
                Mono.defer(
                    () -> {
                      most.accumulateAndGet(running.incrementAndGet(), Math::max);
                      return Mono.delay(Duration.ofMillis(1))
                          .doOnNext(over -> running.decrementAndGet())
                          .thenReturn(Outcome.done());
                    })));
  }
}
