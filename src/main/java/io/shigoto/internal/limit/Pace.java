package io.shigoto.internal.limit;

import io.shigoto.worker.RateLimit;
import java.util.concurrent.TimeUnit;

/**
 * A rate limit: one pure function over an immutable state. Reckons in whole numbers, so nothing
 * drifts however long it is used.
 *
 * <p>Times are microseconds on any clock of the caller's choice, such as the database's; negative
 * ones too. The same clock for each call with the same state. A clock that steps back makes nothing
 * more permissive, and blocks for no longer than the limit could at its fullest.
 */
public interface Pace {

  /** The rule for a limit that is not none. */
  static Pace of(RateLimit limit) {
    long period = TimeUnit.NANOSECONDS.toMicros(limit.period().toNanos());
    return switch (limit.algorithm()) {
      case SLIDING_WINDOW -> new SlidingWindow(limit.permits(), period);
      case TOKEN_BUCKET -> new TokenBucket(limit.permits(), period, limit.burst());
      case GCRA -> new Gcra(limit.permits(), period, limit.burst());
      case LEAKY_BUCKET -> new LeakyBucket(limit.permits(), period);
    };
  }

  /**
   * Takes up to so many permits, as many as there are: they start now.
   *
   * @param wanted from 0; with 0 it only tells when the next one comes
   */
  Decision next(PaceState state, int wanted, long now);

  /**
   * Takes back what was taken and not used. Never makes room for more than if it had not been
   * taken; what trickled in meanwhile may be lost, so give back soon.
   *
   * @param unused of those that were taken at {@code taken}
   * @param taken the {@code now} at which they were taken
   */
  PaceState giveBack(PaceState state, int unused, long taken, long now);

  /** How many of {@code wanted} may start until then, each as soon as it may. */
  default int within(PaceState state, int wanted, long now, long until) {
    Decision last = next(state, wanted, now);
    int all = last.granted();
    while (all < wanted && last.nextAt() <= until) {
      last = next(last.state(), wanted - all, last.nextAt());
      all += last.granted();
    }
    return all;
  }

  /**
   * When the last of so many may start, each as soon as it may.
   *
   * @param wanted from 1
   */
  default long when(PaceState state, int wanted, long now) {
    long at = now;
    Decision last = next(state, wanted, now);
    for (int left = wanted - last.granted(); left > 0; left -= last.granted()) {
      at = last.nextAt();
      last = next(last.state(), left, at);
    }
    return at;
  }

  /**
   * For how long permits that nobody takes are kept, in microseconds. Who comes later than that
   * after one became free has lost some of the rate.
   */
  long kept();

  /**
   * An answer.
   *
   * @param state what to go on with
   * @param granted how many may start now
   * @param nextAt when one more may start after these; not after {@code now} if it may at once
   */
  record Decision(PaceState state, int granted, long nextAt) {}
}
