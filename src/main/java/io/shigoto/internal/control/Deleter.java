package io.shigoto.internal.control;

import io.shigoto.control.Conditions;
import io.shigoto.control.Deletion;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.control.Patience.Busy;
import io.shigoto.internal.control.Sweep.Order;
import io.shigoto.job.JobState;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import reactor.core.publisher.Mono;

/** {@code delete.sql}: what does not run goes, and leaves nobody waiting for it. */
public final class Deleter {

  private static final Set<JobState> ALL = EnumSet.allOf(JobState.class);

  private final Act delete;
  private final Sweep sweep;
  private final Patience patience;

  Deleter(Act.Tools tools, Sweep sweep, Patience patience) {
    this.delete = tools.act("delete", Map.of("deleted", JobEvent.Kind.DELETED));
    this.sweep = sweep;
    this.patience = patience;
  }

  /** Deletes a job when subscribed. Cancel: the job may be deleted all the same. */
  public Mono<Deletion> delete(long id) {
    return patience.until(once(id));
  }

  /**
   * Deletes all that are meant, slice by slice, the newest first. Cancel: after the slice that is
   * under way.
   */
  public Mono<Deletion.Counts> deleteAll(Conditions conditions) {
    return sweep
        .over(conditions.within(ALL, "deleted"), delete, Order.NEWEST_FIRST)
        .map(
            counts ->
                new Deletion.Counts(
                    counts.getOrDefault("deleted", 0L), counts.getOrDefault("running", 0L)));
  }

  private Mono<Deletion> once(long id) {
    return delete
        .on(List.of(id), ALL)
        .flatMap(
            found ->
                found.isEmpty()
                    ? Mono.just(new Deletion.Unknown(id))
                    : answer(id, found.get(0).outcome()));
  }

  private static Mono<Deletion> answer(long id, String outcome) {
    return switch (outcome) {
      case "deleted" -> Mono.just(new Deletion.Deleted(id));
      case "running" -> Mono.just(new Deletion.Running(id));
      default -> Mono.error(() -> new Busy("job " + id + " is"));
    };
  }
}
