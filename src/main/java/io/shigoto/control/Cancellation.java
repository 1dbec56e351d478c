package io.shigoto.control;

import io.shigoto.job.JobState;

/** The answer to the cancel of a job, given once it is committed. */
public sealed interface Cancellation {

  /** The job that was to be cancelled. */
  long id();

  /**
   * It was not running, and is cancelled. It will never run.
   *
   * @param id the job
   */
  record Cancelled(long id) implements Cancellation {}

  /**
   * It runs, and its node was told: within a second the subscription of its run is cancelled, and
   * then the job. Unless the run completes before that: then the job is completed.
   *
   * @param id the job
   */
  record Requested(long id) implements Cancellation {}

  /**
   * It had ended before; nothing was changed.
   *
   * @param id the job
   * @param state how it ended
   */
  record Ended(long id, JobState state) implements Cancellation {}

  /**
   * There is no such job, or its history is no longer kept.
   *
   * @param id the id that was asked for
   */
  record Unknown(long id) implements Cancellation {}

  /**
   * What became of the jobs that a filter meant.
   *
   * @param cancelled how many were not running, and are cancelled
   * @param requested how many run, and will be cancelled unless they complete before
   */
  record Counts(long cancelled, long requested) {}
}
