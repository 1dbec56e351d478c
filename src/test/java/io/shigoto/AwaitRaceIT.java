package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.job.NewJob;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Jobs end at the moment at which somebody begins to wait for them. Nobody polls. */
class AwaitRaceIT {

  private static final int ROUNDS = 5_000;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  @Test
  void noEndIsMissed() {
    nodes.start(
        builder().worker(new Scripted("work", job -> shortWork(job.id()))).queue("default", 20));
    Shigoto caller = nodes.build(builder());

    Long ended =
        Flux.range(0, ROUNDS)
            .flatMap(i -> round(caller, i), 40)
            .count()
            .block(Duration.ofSeconds(60));

    assertThat(ended).isEqualTo(ROUNDS);
  }

  /** Every other job is watched from the beginning; the others are met at any moment. */
  private static Mono<Long> round(Shigoto caller, int i) {
    NewJob job = NewJob.of("work", Scripted.NOTHING);
    return i % 2 == 0
        ? caller.enqueueAndAwait(job, Long.class)
        : caller
            .enqueue(job)
            .delayUntil(receipt -> Mono.delay(upTo(4)))
            .flatMap(receipt -> caller.jobs().await(receipt.id(), Long.class));
  }

  private static Mono<Outcome> shortWork(long id) {
    return Mono.delay(upTo(3)).thenReturn(Outcome.done(id));
  }

  private static Duration upTo(int millis) {
    return Duration.ofNanos(ThreadLocalRandom.current().nextLong(millis * 1_000_000L));
  }

  private static ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory()).pollInterval(Duration.ofHours(1));
  }
}
