package io.shigoto.control;

import io.shigoto.job.JobState;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Why a job does not run. Its text form is a sentence for an operator; it never says what the job's
 * arguments are.
 *
 * @param state where the job is; null if there is none
 * @param reasons all that keep it, at the same moment; empty: nothing does, it starts any moment
 */
public record Explanation(long id, @Nullable JobState state, List<Reason> reasons) {

  public Explanation {
    reasons = List.copyOf(reasons);
  }

  /** Whether this is among the reasons. */
  public boolean has(Class<? extends Reason> reason) {
    return reasons.stream().anyMatch(Objects.requireNonNull(reason, "reason")::isInstance);
  }

  @Override
  public String toString() {
    if (state == null) {
      return "there is no job " + id;
    }
    String job = "job %d is %s".formatted(id, state.sqlName());
    return reasons.isEmpty()
        ? job + ", and nothing keeps it: it starts any moment"
        : job + ": " + reasons.stream().map(Reason::toString).collect(Collectors.joining("; "));
  }
}
