package io.shigoto.internal.permit;

import io.shigoto.internal.limit.Permit;
import io.shigoto.worker.Outcome;

/**
 * A permit that nobody counts, of a worker whose results are watched. All jobs that are claimed in
 * one term share it.
 */
record Watched(WorkerPermits permits, long term) implements Permit {

  /** What was claimed ahead when the worker fell ill is left to others, or to another day. */
  @Override
  public boolean start() {
    return permits.lets(term);
  }

  @Override
  public void ended(Outcome outcome) {
    if (says(outcome)) {
      permits.result(term, outcome instanceof Outcome.Failed);
    }
  }

  /** Whether an outcome says anything about its worker. */
  static boolean says(Outcome outcome) {
    return outcome instanceof Outcome.Failed || outcome instanceof Outcome.Done;
  }
}
