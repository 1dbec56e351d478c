package io.shigoto.internal.permit;

import io.shigoto.internal.limit.Permit;
import io.shigoto.worker.Outcome;

/**
 * A permit that nobody counts, of a worker whose results are watched. All jobs that are claimed in
 * one term share it.
 */
record Watched(WorkerPermits permits, long term) implements Permit {

  @Override
  public void ended(Outcome outcome) {
    judge(permits, term, outcome);
  }

  /** Tells the breaker; false if the outcome says nothing about the worker. */
  static boolean judge(WorkerPermits permits, long term, Outcome outcome) {
    boolean failed = outcome instanceof Outcome.Failed;
    if (!failed && !(outcome instanceof Outcome.Done)) {
      return false;
    }
    permits.result(term, failed);
    return true;
  }
}
