package io.shigoto.internal.permit;

/**
 * What this node knows of the limits that its worker has in the cluster: only a claim can tell
 * whether there is room, so after one that found none the gate is shut, until a run is over
 * somewhere or some time has passed. Then one claim goes ahead, and the others wait for what it
 * finds: a full cluster costs a node one claim at a time, however many queues it has.
 *
 * @param epoch how often it was told that a run is over
 * @param until when it opens by itself, in microseconds
 */
record Gate(long epoch, long until) {

  /** Open, and never told of anything. */
  static final Gate FRESH = new Gate(0, Long.MIN_VALUE);

  /** Whether it was shut, and its time is over: the next claim goes ahead of the others. */
  boolean isDue(long now) {
    return until != Long.MIN_VALUE && until <= now;
  }

  /** There is room, as a claim has found that went ahead in that epoch. */
  Gate open(long claimed) {
    return claimed == epoch ? new Gate(epoch, Long.MIN_VALUE) : this;
  }

  /** A run is over: there may be room. */
  Gate freed() {
    return new Gate(epoch + 1, Long.MIN_VALUE);
  }

  /** Whether this one, of a lane, still keeps it from claiming: nothing was told since. */
  boolean holds(Gate present, long now) {
    return epoch == present.epoch && now < until;
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
