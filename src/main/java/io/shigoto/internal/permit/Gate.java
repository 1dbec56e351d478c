package io.shigoto.internal.permit;

/**
 * What this node knows of the limits that its worker has in the cluster: only a claim can tell
 * whether there is room, so after one that found none the gate is shut, until a run is over
 * somewhere or some time has passed.
 *
 * @param epoch how often it was told that a run is over
 * @param until when it opens by itself, in microseconds
 */
record Gate(long epoch, long until) {

  /** Open, and never told of anything. */
  static final Gate FRESH = new Gate(0, Long.MIN_VALUE);

  /** A run is over: there may be room. */
  Gate freed() {
    return new Gate(epoch + 1, Long.MIN_VALUE);
  }

  /**
   * A claim found no room.
   *
   * @param claimed the epoch in which it began: if a run is over since then, there may be room now
   */
  Gate shut(long claimed, long time) {
    return claimed == epoch ? new Gate(epoch, time) : this;
  }
}
