package io.shigoto.job;

import java.util.Set;

/**
 * The answer to an enqueue, given once the job is committed (or, in the caller's transaction,
 * written).
 */
public sealed interface Receipt {

  /** The id of the job that now stands in the database for the one that was enqueued. */
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

  /** Nothing was inserted: another job has the same unique key. */
  static Receipt conflict(long id, Set<Change> changes) {
    return new Conflict(id, changes);
  }

  /**
   * Nothing was inserted: another job has the same unique key.
   *
   * @param id the other job's
   * @param changes what it took over; empty if nothing
   */
  record Conflict(long id, Set<Change> changes) implements Receipt {

    public Conflict {
      changes = Set.copyOf(changes);
    }
  }

  /** What a job takes over from one that would be the same. */
  enum Change {
    /** The other's arguments. */
    ARGS,
    /** The other's priority. */
    PRIORITY,
    /** The other's number of attempts that it may have. */
    MAX_ATTEMPTS,
    /** The other's due time. */
    SCHEDULED_AT,
    /** The other's tags. */
    TAGS,
    /** It waits anew. */
    DEBOUNCED
  }
}
