package io.shigoto.internal.control;

import io.shigoto.control.Cancellation;
import io.shigoto.control.Conditions;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.control.Patience.Busy;
import io.shigoto.internal.control.Sweep.Order;
import io.shigoto.internal.find.States;
import io.shigoto.job.JobState;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import reactor.core.publisher.Mono;

/**
 * {@code cancel.sql}: what does not run ends at once; of what runs, the nodes are told. A run is
 * ended by its own node, or by whoever rescues it.
 */
public final class Canceller {

  private static final Set<JobState> LIVE =
      EnumSet.of(
          JobState.WAITING,
          JobState.SCHEDULED,
          JobState.AVAILABLE,
          JobState.EXECUTING,
          JobState.RETRYABLE);

  private final Act cancel;
  private final Sweep sweep;
  private final States states;
  private final Patience patience;

  Canceller(Act.Tools tools, Sweep sweep, States states, Patience patience) {
    this.cancel = tools.act("cancel", Map.of("cancelled", JobEvent.Kind.CANCELLED));
    this.sweep = sweep;
    this.states = states;
    this.patience = patience;
  }

  /** Cancels a job when subscribed. Cancel: the job may be cancelled all the same. */
  public Mono<Cancellation> cancel(long id) {
    return patience.until(once(id));
  }

  /**
   * Cancels all that are meant, slice by slice, the newest first. Cancel: after the slice that is
   * under way.
   */
  public Mono<Cancellation.Counts> cancelAll(Conditions conditions) {
    return sweep
        .over(conditions.within(LIVE, "cancelled"), cancel, Order.NEWEST_FIRST)
        .map(
            counts ->
                new Cancellation.Counts(
                    counts.getOrDefault("cancelled", 0L), counts.getOrDefault("running", 0L)));
  }

  private Mono<Cancellation> once(long id) {
    return cancel
        .on(List.of(id), LIVE)
        .flatMap(
            found ->
                found.isEmpty() ? Mono.defer(() -> ended(id)) : answer(id, found.get(0).outcome()));
  }

  private static Mono<Cancellation> answer(long id, String outcome) {
    if (Act.LOCKED.equals(outcome)) {
      return Mono.error(() -> new Busy("job " + id + " is"));
    }
    return Mono.just(
        "running".equals(outcome)
            ? new Cancellation.Requested(id)
            : new Cancellation.Cancelled(id));
  }

  /** It was not live. If it is so now, it was retried in between. */
  private Mono<Cancellation> ended(long id) {
    return states
        .find(id)
        .<Cancellation>handle(
            (state, answer) -> {
              if (state.isTerminal()) {
                answer.next(new Cancellation.Ended(id, state));
              } else {
                answer.error(new Busy("job " + id + " is"));
              }
            })
        .defaultIfEmpty(new Cancellation.Unknown(id));
  }
}
