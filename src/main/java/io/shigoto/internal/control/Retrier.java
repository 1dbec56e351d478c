package io.shigoto.internal.control;

import io.shigoto.control.Conditions;
import io.shigoto.control.Retry;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.control.Act.Done;
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
 * {@code retry.sql}: what was discarded or cancelled lives again, under a lease of its own; what
 * waits for its time is due now.
 */
public final class Retrier {

  private static final Set<JobState> FAILED =
      EnumSet.of(JobState.DISCARDED, JobState.CANCELLED, JobState.RETRYABLE);

  /** With those that nobody would have run yet: they are meant when they are named. */
  private static final Set<JobState> ALL =
      EnumSet.of(JobState.DISCARDED, JobState.CANCELLED, JobState.RETRYABLE, JobState.SCHEDULED);

  private final Act retry;
  private final Sweep sweep;
  private final States states;
  private final Patience patience;

  Retrier(Act.Tools tools, Sweep sweep, States states, Patience patience) {
    this.retry =
        tools.act(
            "retry", Map.of("retried", JobEvent.Kind.RETRIED, "due_now", JobEvent.Kind.RETRIED));
    this.sweep = sweep;
    this.states = states;
    this.patience = patience;
  }

  /** Retries a job when subscribed. Cancel: the job may be retried all the same. */
  public Mono<Retry> retry(long id) {
    return patience.until(once(id));
  }

  /**
   * Retries all that are meant, slice by slice, the oldest first. Cancel: after the slice that is
   * under way.
   */
  public Mono<Retry.Counts> retryAll(Conditions conditions) {
    Set<JobState> reach = conditions.states().isEmpty() ? FAILED : ALL;
    return sweep
        .over(conditions.within(reach, "retried"), retry, Order.OLDEST_FIRST)
        .map(
            counts ->
                new Retry.Counts(
                    counts.getOrDefault("retried", 0L),
                    counts.getOrDefault("due_now", 0L),
                    counts.getOrDefault("held", 0L)));
  }

  private Mono<Retry> once(long id) {
    return retry
        .on(List.of(id), ALL)
        .flatMap(found -> found.isEmpty() ? Mono.defer(() -> refused(id)) : answer(found.get(0)));
  }

  private static Mono<Retry> answer(Done job) {
    return switch (job.outcome()) {
      case "retried" -> Mono.just(new Retry.Retried(job.id()));
      case "due_now" -> Mono.just(new Retry.DueNow(job.id()));
      case "held" -> Mono.just(new Retry.KeyHeld(job.id(), Long.parseLong(job.detail())));
      default -> Mono.error(() -> new Busy("job " + job.id() + " is"));
    };
  }

  /** It was in no state to be retried. If it is now, it has just got there. */
  private Mono<Retry> refused(long id) {
    return states
        .find(id)
        .<Retry>handle(
            (state, answer) -> {
              if (ALL.contains(state)) {
                answer.error(new Busy("job " + id + " is"));
              } else {
                answer.next(new Retry.Refused(id, state));
              }
            })
        .defaultIfEmpty(new Retry.Unknown(id));
  }
}
