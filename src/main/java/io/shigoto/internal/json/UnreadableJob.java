package io.shigoto.internal.json;

/**
 * A column of a job is not what the library writes there. Says which and where, and never what
 * stands there.
 */
public final class UnreadableJob extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UnreadableJob(long job, String column, String path, String why) {
    super(
        "job %d cannot be read: %s does not fit at %s (%s)".formatted(job, column, path, why),
        null,
        false,
        false);
  }
}
