package io.shigoto.job;

import org.jspecify.annotations.Nullable;

/**
 * The job that was waited for has ended, and is not completed: it was discarded or cancelled. Says
 * why as its last error says it; never what its arguments are.
 */
public final class JobNotCompleted extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final long id;
  private final JobState state;
  private final @Nullable String errorType;
  private final @Nullable String errorMessage;

  /**
   * A job that ended so.
   *
   * @param errorType of its last error, or null if it has none
   * @param errorMessage of its last error, or null if it has none
   */
  public JobNotCompleted(
      long id, JobState state, @Nullable String errorType, @Nullable String errorMessage) {
    super(text(id, state, errorType, errorMessage), null, false, false);
    this.id = id;
    this.state = state;
    this.errorType = errorType;
    this.errorMessage = errorMessage;
  }

  /** The job. */
  public long id() {
    return id;
  }

  /** Discarded or cancelled. */
  public JobState state() {
    return state;
  }

  /** {@link io.shigoto.worker.JobError#type} of its last error; null if it has none. */
  public @Nullable String errorType() {
    return errorType;
  }

  /** {@link io.shigoto.worker.JobError#message} of its last error; null if it has none. */
  public @Nullable String errorMessage() {
    return errorMessage;
  }

  private static String text(
      long id, JobState state, @Nullable String type, @Nullable String message) {
    String text = "job %d is %s".formatted(id, state.sqlName());
    return type == null ? text : "%s (%s: %s)".formatted(text, type, message);
  }
}
