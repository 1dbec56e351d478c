package io.shigoto.job;

/**
 * The answer to an enqueue, given once the job is committed (or, in the caller's transaction,
 * written).
 */
public sealed interface Receipt {

  /** The id of the job that now stands in the database. */
  long id();

  /** A new job was inserted. */
  static Receipt inserted(long id) {
    return new Inserted(id);
  }

  /**
   * A new job was inserted.
   *
   * @param id the new job's
   */
  record Inserted(long id) implements Receipt {}
}
