package io.shigoto.internal.limit;

/**
 * The generic cell rate algorithm, GCRA(T, τ): a start conforms if it does not come earlier than
 * the theoretical arrival time by more than the tolerance τ = (burst − 1) T; then that time moves
 * on by T = period / permits, from itself or from now, whichever is later.
 *
 * <p>Source: ITU-T Recommendation I.371 (2004), annex A, "virtual scheduling algorithm"; ATM Forum
 * Traffic Management Specification 4.1 (af-tm-0121.000).
 *
 * <p>State: the theoretical arrival time, in whole microseconds, and beyond them in parts of which
 * {@code permits} make one.
 */
final class Gcra implements Pace {

  private final long permits;
  private final long period;
  private final long tolerance;

  Gcra(int permits, long period, int burst) {
    this.permits = permits;
    this.period = period;
    this.tolerance = (burst - 1) * period;
  }

  @Override
  public Decision next(PaceState state, int wanted, long now) {
    long ahead = ahead(state, now);
    long conforming = ahead > tolerance ? 0 : (tolerance - ahead) / period + 1;
    long granted = Math.min(wanted, conforming);
    ahead += granted * period;
    long early = Math.max(0, ahead - tolerance);
    return new Decision(at(ahead, now), (int) granted, now + Drain.time(early, permits));
  }

  @Override
  public PaceState giveBack(PaceState state, int unused, long taken, long now) {
    long back = Drain.left(unused * period, permits, taken, now);
    return at(Math.max(0, ahead(state, now) - back), now);
  }

  @Override
  public long kept() {
    return tolerance / permits;
  }

  /** How far the theoretical arrival time is ahead of now, in the small parts. */
  private long ahead(PaceState state, long now) {
    if (state.isFresh() || state.at(0) < now) {
      return 0;
    }
    long most = tolerance + period;
    long micros = state.at(0) - now;
    return micros > most / permits ? most : Math.min(most, micros * permits + state.at(1));
  }

  private PaceState at(long ahead, long now) {
    return PaceState.of(now + ahead / permits, ahead % permits);
  }
}
