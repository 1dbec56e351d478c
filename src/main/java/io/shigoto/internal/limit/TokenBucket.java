package io.shigoto.internal.limit;

/**
 * The token bucket: permits come in at a steady rate until the bucket is full, and each start takes
 * one. In any window no more starts than the bucket holds and what comes in meanwhile.
 *
 * <p>Source: RFC 2697, section 3, with one rate and one bucket.
 *
 * <p>State: level, time. A permit is {@code period} units of level, and {@code permits} units come
 * in each microsecond, so that all of it is whole numbers.
 */
final class TokenBucket implements Pace {

  private final long permits;
  private final long period;
  private final long full;

  TokenBucket(int permits, long period, int burst) {
    this.permits = permits;
    this.period = period;
    this.full = burst * period;
  }

  @Override
  public Decision next(PaceState state, int wanted, long now) {
    long level = level(state, now);
    long granted = Math.min(wanted, level / period);
    long left = level - granted * period;
    long missing = Math.max(0, period - left);
    return new Decision(PaceState.of(left, now), (int) granted, now + Drain.time(missing, permits));
  }

  @Override
  public PaceState giveBack(PaceState state, int unused, long taken, long now) {
    long back = Drain.left(unused * period, permits, taken, now);
    return PaceState.of(Math.min(full, level(state, now) + back), now);
  }

  @Override
  public long kept() {
    return (full - period) / permits;
  }

  private long level(PaceState state, long now) {
    if (state.isFresh()) {
      return full;
    }
    long missing = full - Math.min(full, state.at(0));
    return full - Drain.left(missing, permits, Math.min(state.at(1), now), now);
  }
}
