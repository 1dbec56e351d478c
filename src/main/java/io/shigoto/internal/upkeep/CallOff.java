package io.shigoto.internal.upkeep;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.run.Run;
import io.shigoto.internal.settle.Settler;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Ends a run whose job was called off. One that is under way is cut, and its queue settles it; one
 * that still waits for a slot never starts, and is settled here.
 */
public final class CallOff {

  private final Settler settler;
  private final Events events;
  private final Scheduler scheduler;
  private final Consumer<Run> letGo;

  /**
   * @param scheduler where workers are called: what they do on cancel is their code too
   * @param letGo told of each run that was settled here
   */
  public CallOff(Settler settler, Events events, Scheduler scheduler, Consumer<Run> letGo) {
    this.settler = settler;
    this.events = events;
    this.scheduler = scheduler;
    this.letGo = letGo;
  }

  /** Ends the run when subscribed; whatever its worker does on cancel, it does not fail. */
  Mono<Void> of(Run run) {
    return run.take()
        ? Detached.of(settled(run))
        : Mono.<Void>fromRunnable(run::callOff).subscribeOn(scheduler);
  }

  private Mono<Void> settled(Run run) {
    // Before the commit that tells of room: who looks then must find it here too.
    run.permit().close();
    return settler
        .settle(Settlement.released(run.key()).calledOff())
        .doOnNext(settled -> tell(run, settled))
        .then();
  }

  private void tell(Run run, Settlement settled) {
    letGo.accept(run);
    if (settled.isWritten()) {
      events.ofRun(JobEvent.Kind.CANCELLED, run.key(), null, null);
    }
  }
}
