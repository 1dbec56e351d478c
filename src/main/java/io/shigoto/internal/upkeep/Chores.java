package io.shigoto.internal.upkeep;

import io.shigoto.internal.flow.KeepGoing;
import java.time.Duration;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Scheduler;

/**
 * Does chores, each by itself, each at its period, one at a time; one that fails is tried again.
 */
public final class Chores {

  private final List<Chore> chores;
  private final Scheduler timer;

  public Chores(List<Chore> chores, Scheduler timer) {
    this.chores = chores;
    this.timer = timer;
  }

  /** Goes on while subscribed. */
  public Flux<?> flow() {
    return Flux.fromIterable(chores).flatMap(this::flow, Math.max(1, chores.size()));
  }

  private Flux<Long> flow(Chore chore) {
    KeepGoing keepGoing = new KeepGoing(chore.name(), timer);
    return Flux.merge(
            Flux.interval(Duration.ZERO, chore.period(), timer).onBackpressureLatest(),
            chore.reasons())
        .onBackpressureLatest()
        .concatMap(tick -> keepGoing.until(chore.once()), 0);
  }
}
