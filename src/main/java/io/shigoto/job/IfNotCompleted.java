package io.shigoto.job;

/** What becomes of a job if one of those it depends on is cancelled or discarded. */
public enum IfNotCompleted {
  /** It runs all the same, when all of them have ended. */
  RUN,
  /** It is cancelled at once, whatever the others do. */
  CANCEL,
  /** It is discarded at once, whatever the others do. */
  DISCARD
}
