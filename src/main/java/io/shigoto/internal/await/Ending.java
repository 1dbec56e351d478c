package io.shigoto.internal.await;

import io.shigoto.job.JobState;
import org.jspecify.annotations.Nullable;

/**
 * How a job ended.
 *
 * @param result JSON, or null
 * @param errorType of its last error, or null
 * @param errorMessage of its last error, or null
 */
public record Ending(
    long id,
    JobState state,
    @Nullable String result,
    @Nullable String errorType,
    @Nullable String errorMessage) {

  @Override
  public String toString() {
    return "Ending[id=%d, state=%s]".formatted(id, state);
  }
}
