package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Two nodes whose queues are changed at random while they work. */
class QueuesAtRandomIT {

  private static final int JOBS = 10_000;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Overlaps overlaps = new Overlaps();

  @Test
  void noJobIsLostAndNoneRunsTwice() {
    Shigoto a = nodes.start(node("a"));
    Shigoto b = nodes.start(node("b"));
    Mono<Void> changes = Flux.merge(changes(a, 0), changes(b, 1)).takeUntilOther(allEnded()).then();

    Mono.when(enqueue(a), changes).block(Duration.ofSeconds(60));

    a.queues().resume("q").block(LIMIT);
    assertThat(overlaps.found()).isEmpty();
    assertThat(
            db.number(
                "SELECT count(DISTINCT id) FROM shigoto.job_history WHERE state = 'completed' AND attempt = 1"))
        .isEqualTo(JOBS);
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo(JOBS);
    assertThat(overlaps.jobs()).isEqualTo(JOBS);
    assertThat(overlaps.runsOf("a")).isPositive();
    assertThat(overlaps.runsOf("b")).isPositive();
  }

  /** One after the other; what was removed is added again, what was paused is resumed. */
  private static Flux<?> changes(Shigoto node, int which) {
    return Mono.defer(() -> change(node.queues(), ThreadLocalRandom.current().nextInt(4), which))
        .delayElement(Duration.ofMillis(5))
        .repeat();
  }

  private static Mono<Boolean> change(Queues queues, int kind, int which) {
    int concurrency = 1 + ThreadLocalRandom.current().nextInt(30);
    Duration grace = Duration.ofMillis(ThreadLocalRandom.current().nextInt(4));
    Mono<Void> changed =
        switch (kind) {
          case 0 -> queues.remove("q", grace).then(queues.add("q", concurrency));
          case 1 -> which == 0 ? queues.pause("q").then(queues.resume("q")) : Mono.empty();
          default -> queues.resize("q", concurrency);
        };
    return changed.thenReturn(true);
  }

  private static Mono<Void> enqueue(Shigoto node) {
    return node.enqueueAll(
            Flux.range(0, JOBS).map(i -> NewJob.of("work", Scripted.NOTHING).queue("q")))
        .then();
  }

  private static Mono<Boolean> allEnded() {
    return Mono.fromCallable(
            () -> {
              Await.until(
                  "all jobs ended",
                  Duration.ofSeconds(60),
                  () -> db.number("SELECT count(*) FROM shigoto.job_history") >= JOBS);
              return true;
            })
        .subscribeOn(reactor.core.scheduler.Schedulers.boundedElastic());
  }

  private ShigotoBuilder node(String name) {
    return Shigoto.builder(db.connectionFactory())
        .name(name)
        .worker(
            new Scripted(
                "work",
                job ->
                    overlaps.watch(
                        name, job, Mono.delay(Duration.ofMillis(1)).thenReturn(Outcome.done()))))
        .queue("q", 10);
  }
}
