package io.shigoto.internal.cancel;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.run.Run;
import io.shigoto.internal.run.Runs;
import io.shigoto.internal.settle.Settler;
import reactor.core.publisher.Mono;

/**
 * Ends a run whose job was called off. One that is under way is cut, and its queue settles it; one
 * that still waits for a slot never starts, and is settled here.
 */
public final class CallOff {

  private final Settler settler;
  private final Events events;
  private final Runs runs;

  /**
   * @param runs what is held, and ended
   */
  public CallOff(Settler settler, Events events, Runs runs) {
    this.settler = settler;
    this.events = events;
    this.runs = runs;
  }

  /** Ends the run when subscribed; it does not wait for what its worker does on cancel. */
  Mono<Void> of(Run run) {
    return run.take() ? Detached.of(settled(run)) : Mono.fromRunnable(() -> runs.callOff(run));
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
    runs.letGo(run);
    if (settled.isWritten()) {
      events.ofRun(JobEvent.Kind.CANCELLED, run.key(), null, null);
    }
  }
}
