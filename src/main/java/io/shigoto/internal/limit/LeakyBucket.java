package io.shigoto.internal.limit;

/**
 * The leaky bucket that lets one start through at a time: a start fills it, it drips out at a
 * steady rate, and the next start waits until it is empty.
 *
 * <p>Source: J. S. Turner, "New directions in communications", IEEE Communications Magazine 24(10),
 * 1986; the form here is the "continuous-state leaky bucket algorithm" of ITU-T Recommendation
 * I.371 (2004), annex A, with a limit of zero.
 *
 * <p>State: level, time. A start is {@code period} units of level, and {@code permits} units drip
 * out each microsecond, so that all of it is whole numbers.
 */
final class LeakyBucket implements Pace {

  private final long permits;
  private final long period;

  LeakyBucket(int permits, long period) {
    this.permits = permits;
    this.period = period;
  }

  @Override
  public Decision next(PaceState state, int wanted, long now) {
    long level = level(state, now);
    int granted = level == 0 ? Math.min(wanted, 1) : 0;
    long after = level + granted * period;
    return new Decision(PaceState.of(after, now), granted, now + Drain.time(after, permits));
  }

  @Override
  public PaceState giveBack(PaceState state, int unused, long taken, long now) {
    long back = Drain.left(unused * period, permits, taken, now);
    return PaceState.of(Math.max(0, level(state, now) - back), now);
  }

  @Override
  public long kept() {
    return 0;
  }

  private long level(PaceState state, long now) {
    return state.isFresh()
        ? 0
        : Drain.left(Math.min(period, state.at(0)), permits, Math.min(state.at(1), now), now);
  }
}
