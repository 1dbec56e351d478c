package io.shigoto.control;

/** The answer to the deletion of a job, given once it is committed. */
public sealed interface Deletion {

  /** The job that was to be deleted. */
  long id();

  /**
   * It is gone.
   *
   * @param id the job
   */
  record Deleted(long id) implements Deletion {}

  /**
   * It runs, and stays as it was. Cancel it first.
   *
   * @param id the job
   */
  record Running(long id) implements Deletion {}

  /**
   * There is no such job, or its history is no longer kept.
   *
   * @param id the id that was asked for
   */
  record Unknown(long id) implements Deletion {}

  /**
   * What became of the jobs that a filter meant.
   *
   * @param deleted how many are gone
   * @param running how many run, and stay
   */
  record Counts(long deleted, long running) {}
}
