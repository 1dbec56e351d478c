package io.shigoto.internal.permit;

import io.shigoto.internal.known.ClusterLimit;
import io.shigoto.internal.known.SharedRate;
import io.shigoto.internal.limit.Validity;

/** The limits of a worker that one claim keeps, for all its names. */
final class Keeping {

  private final ClusterLimit limit;
  private int got;

  Keeping(ClusterLimit limit) {
    this.limit = limit;
  }

  ClusterLimit limit() {
    return limit;
  }

  /** The claim brought one more of its jobs. */
  void gotOne() {
    got++;
  }

  /** Whether each partition key has a rate of its own. */
  boolean isKeyed() {
    SharedRate rate = limit.rate();
    return rate != null && rate.keyed();
  }

  /** How long its jobs may be begun that came with this claim. */
  Validity validity(long began) {
    SharedRate rate = limit.rate();
    return rate == null ? Validity.ALWAYS : Validity.of(began + rate.spaces(got), rate.slack());
  }
}
