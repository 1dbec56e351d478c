package io.shigoto.internal.permit;

import io.shigoto.internal.limit.Breaker;
import io.shigoto.internal.limit.PaceState;

/**
 * What is taken of the limits of a worker.
 *
 * @param pace what has started, by the rate limit
 * @param held jobs from before their claim to the end of their runs
 * @param unstarted those of them that have not started; the pace does not know them yet
 * @param admitted those of the unstarted whose turn to start has come
 * @param breaker where the circuit breaker is
 * @param gate whether the cluster lets any more start
 */
record Quota(
    PaceState pace, int held, int unstarted, int admitted, Breaker.State breaker, Gate gate) {

  Quota with(Breaker.State changed) {
    return changed == breaker ? this : new Quota(pace, held, unstarted, admitted, changed, gate);
  }

  Quota taken(int jobs) {
    return new Quota(pace, held + jobs, unstarted + jobs, admitted, breaker, gate);
  }

  Quota turnCame() {
    return new Quota(pace, held, unstarted, admitted + 1, breaker, gate);
  }

  Quota turnLost() {
    return new Quota(pace, held, unstarted, admitted - 1, breaker, gate);
  }

  Quota started(PaceState after) {
    return new Quota(after, held, unstarted - 1, admitted - 1, breaker, gate);
  }

  Quota ended() {
    return new Quota(pace, held - 1, unstarted, admitted, breaker, gate);
  }

  Quota gate(Gate changed) {
    return changed.equals(gate)
        ? this
        : new Quota(pace, held, unstarted, admitted, breaker, changed);
  }
}
