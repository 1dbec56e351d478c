package io.shigoto.job;

/**
 * The result of a job is not of the type that it was read as. Says where, and never what stands
 * there.
 */
public final class ResultDoesNotFit extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * A result that does not fit.
   *
   * @param path of the first place that does not fit, as a JSON path
   * @param why in one word
   */
  public ResultDoesNotFit(long job, String type, String path, String why) {
    super(
        "the result of job %d does not fit %s at %s (%s)".formatted(job, type, path, why),
        null,
        false,
        false);
  }
}
