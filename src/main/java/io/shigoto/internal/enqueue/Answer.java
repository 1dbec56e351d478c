package io.shigoto.internal.enqueue;

import io.shigoto.job.Receipt;

/** What became of a job that was to be inserted. */
sealed interface Answer {

  /**
   * It stands in the database, or another one does.
   *
   * @param dueIn in how many ms it is due, 0 if now
   */
  record Given(Receipt receipt, long dueIn) implements Answer {}

  /** Another one has its key, and the snapshot of the transaction may be too old to tell which. */
  record Unseen() implements Answer {}

  /**
   * An unfinished transaction takes or gives back its key, or seals its batch: nothing is known
   * until it ends. Or others that were written with it are unseen, and all were let go.
   */
  record Busy() implements Answer {}

  /** It was kept waiting for too long; nothing was written. */
  record Late() implements Answer {}

  /** It cannot be inserted, whatever others do. */
  record Refused(IllegalArgumentException why) implements Answer {}
}
