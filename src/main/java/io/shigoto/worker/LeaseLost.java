package io.shigoto.worker;

/**
 * A run may not complete its job any more: its node lost its lease, or the run was cancelled, and
 * the job is or will be another run's. The transaction in which it was to be completed can only be
 * rolled back.
 */
public final class LeaseLost extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final long jobId;

  /**
   * What {@link JobContext#completeIn} fails with; the message names the job.
   *
   * @param jobId of the job that is not this run's any more
   * @param cause what the database said
   */
  public LeaseLost(long jobId, Throwable cause) {
    super("the run of job " + jobId + " has lost its lease; its transaction is rolled back", cause);
    this.jobId = jobId;
  }

  /** The job that is not this run's any more. */
  public long jobId() {
    return jobId;
  }
}
