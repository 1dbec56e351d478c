package io.shigoto.internal.permit;

/**
 * What this node knows of the limits of its worker that claims keep: only a claim can tell whether
 * there is room, so after one that found none the gate is shut, until a run is over somewhere or
 * some time has passed. Then one claim goes ahead, and the others wait for what it finds: a full
 * cluster costs a node one claim at a time, however many queues it has. Beside that, it is shut
 * until the rate lets more start.
 *
 * @param epoch how often it was told that a run is over
 * @param until when it opens by itself, in microseconds
 * @param paced when the rate lets more start, if it is before
 */
record Gate(long epoch, long until, long paced) {

  /** Open, and never told of anything. */
  static final Gate FRESH = new Gate(0, Long.MIN_VALUE, Long.MIN_VALUE);

  /** Whether it was shut, and its time is over: the next claim goes ahead of the others. */
  boolean isDue(long now) {
    return until != Long.MIN_VALUE && until <= now;
  }

  /** There is room, as a claim has found that went ahead in that epoch. */
  Gate open(long claimed) {
    return claimed == epoch ? new Gate(epoch, Long.MIN_VALUE, paced) : this;
  }

  /** A run is over: there may be room. */
  Gate freed() {
    return new Gate(epoch + 1, Long.MIN_VALUE, paced);
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
    return claimed == epoch ? new Gate(epoch, time, paced) : this;
  }

  /** The rate lets nothing start until then. */
  Gate paced(long time) {
    return new Gate(epoch, until, time);
  }

  /** When it is open, if nobody opens it before. */
  long opens() {
    return Math.max(until, paced);
  }
}
