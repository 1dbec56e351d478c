package io.shigoto.control;

import io.shigoto.job.JobState;

/** The answer to the retry of a job, given once it is committed. */
public sealed interface Retry {

  /** The job that was to be retried. */
  long id();

  /**
   * It had been discarded or cancelled, and is available, or waits once more if jobs that it
   * depends on live: its attempts start again, its errors are kept.
   *
   * @param id the job
   */
  record Retried(long id) implements Retry {}

  /**
   * It waited for its time or its backoff, and is available now. Its attempts are as they were.
   *
   * @param id the job
   */
  record DueNow(long id) implements Retry {}

  /**
   * It stays as it was, because another job has its unique key.
   *
   * @param id the job
   * @param holder the other one
   */
  record KeyHeld(long id, long holder) implements Retry {}

  /**
   * It stays as it was: there is nothing to retry in this state.
   *
   * @param id the job
   * @param state waiting, available, executing or completed
   */
  record Refused(long id, JobState state) implements Retry {}

  /**
   * There is no such job, or its history is no longer kept.
   *
   * @param id the id that was asked for
   */
  record Unknown(long id) implements Retry {}

  /**
   * What became of the jobs that a filter meant.
   *
   * @param retried how many had been discarded or cancelled, and live again
   * @param dueNow how many waited for their time, and are available now
   * @param held how many stay as they were, because other jobs have their unique keys
   */
  record Counts(long retried, long dueNow, long held) {}
}
