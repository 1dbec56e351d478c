package io.shigoto.worker;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How many runs of a worker may start in a time: immutable, each method gives a changed copy. Kept
 * before jobs are claimed: a job that may not start yet stays {@code available}.
 *
 * <pre>{@code
 * RateLimit.of(100, Duration.ofMinutes(1))                          // never more than 100 in any minute
 * RateLimit.of(100, Duration.ofMinutes(1)).tokenBucket().burst(20)  // 100 a minute, 20 of them at once
 * RateLimit.of(100, Duration.ofMinutes(1)).leakyBucket()            // one each 600 ms
 * }</pre>
 *
 * <p>Errors: a value that makes no sense, or contradicts what was said before, is refused by the
 * method that takes it, with an {@link IllegalArgumentException} that names it.
 */
public final class RateLimit {

  /** The most permits and the largest burst of a limit. */
  public static final int MOST_PERMITS = 1_000_000;

  /** The shortest period of a limit. */
  public static final Duration SHORTEST_PERIOD = Duration.ofMillis(1);

  /** The longest period of a limit. */
  public static final Duration LONGEST_PERIOD = Duration.ofDays(31);

  private static final RateLimit NONE =
      new RateLimit(0, Duration.ZERO, null, null, Scope.NODE, false);

  private final int permits;
  private final Duration period;
  private final @Nullable Algorithm chosen;
  private final @Nullable Integer burst;
  private final Scope scope;
  private final boolean perPartition;

  private RateLimit(
      int permits,
      Duration period,
      @Nullable Algorithm chosen,
      @Nullable Integer burst,
      Scope scope,
      boolean perPartition) {
    this.permits = permits;
    this.period = period;
    this.chosen = chosen;
    this.burst = burst;
    this.scope = scope;
    this.perPartition = perPartition;
  }

  /**
   * So many starts in each period, on each node, by a sliding window unless said otherwise.
   *
   * @param permits from 1 to {@value #MOST_PERMITS}
   * @param period from 1 ms to 31 days, in whole microseconds
   */
  public static RateLimit of(int permits, Duration period) {
    Given.between("permits", permits, 1, MOST_PERMITS);
    Given.between("period", period, SHORTEST_PERIOD, LONGEST_PERIOD);
    if (period.toNanos() % 1000 != 0) {
      throw new IllegalArgumentException("period must be whole microseconds, but is " + period);
    }
    return new RateLimit(permits, period, null, null, Scope.NODE, false);
  }

  /** No limit: what a worker has unless it says otherwise. */
  public static RateLimit none() {
    return NONE;
  }

  /**
   * Never more starts than permits in any window as long as the period, wherever it begins. All of
   * them may start at once.
   */
  public RateLimit slidingWindow() {
    return by(Algorithm.SLIDING_WINDOW);
  }

  /**
   * Permits come in evenly, and up to the burst are kept for later: in any window never more starts
   * than the burst and what came in meanwhile. Burst: as many as there are permits, unless said
   * otherwise; so the first period may see twice as many.
   */
  public RateLimit tokenBucket() {
    return by(Algorithm.TOKEN_BUCKET);
  }

  /**
   * Starts are spaced evenly, one for each {@code period / permits}, and may come earlier by a
   * tolerance: so many at once as the burst says. Burst: 1, unless said otherwise.
   */
  public RateLimit gcra() {
    return by(Algorithm.GCRA);
  }

  /** Starts drip out evenly, one for each {@code period / permits}, and never two at once. */
  public RateLimit leakyBucket() {
    return by(Algorithm.LEAKY_BUCKET);
  }

  /**
   * How many may start at once after a quiet time; only of a token bucket or GCRA, which is said
   * before.
   *
   * @param burst from 1 to {@value #MOST_PERMITS}
   */
  public RateLimit burst(int burst) {
    Given.between("burst", burst, 1, MOST_PERMITS);
    requireLimit("burst(" + burst + ")");
    requireBurstFits(burst);
    return new RateLimit(permits, period, chosen, burst, scope, perPartition);
  }

  /** For the whole cluster instead of each node. */
  public RateLimit global() {
    requireLimit("global()");
    return new RateLimit(permits, period, chosen, burst, Scope.CLUSTER, perPartition);
  }

  /** For each partition key by itself; jobs without a key share one. */
  public RateLimit perPartition() {
    requireLimit("perPartition()");
    return new RateLimit(permits, period, chosen, burst, scope, true);
  }

  /** Whether there is no limit; then the other questions have no meaning. */
  public boolean isNone() {
    return permits == 0;
  }

  /** How many may start in a period. */
  public int permits() {
    return permits;
  }

  /** How long a period is. */
  public Duration period() {
    return period;
  }

  /** How it is reckoned. */
  public Algorithm algorithm() {
    return chosen == null ? Algorithm.SLIDING_WINDOW : chosen;
  }

  /** How many may start at once after a quiet time. */
  public int burst() {
    return burst != null ? burst : algorithm().burstOf(permits);
  }

  /** Among whom it is shared. */
  public Scope scope() {
    return scope;
  }

  /** Whether each partition key has its own. */
  public boolean isPerPartition() {
    return perPartition;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RateLimit that
        && permits == that.permits
        && period.equals(that.period)
        && algorithm() == that.algorithm()
        && burst() == that.burst()
        && scope == that.scope
        && perPartition == that.perPartition;
  }

  @Override
  public int hashCode() {
    return Objects.hash(permits, period, algorithm(), burst(), scope, perPartition);
  }

  @Override
  public String toString() {
    return isNone()
        ? "RateLimit[none]"
        : "RateLimit[%d per %s, %s, burst %d, %s%s]"
            .formatted(
                permits,
                period,
                algorithm(),
                burst(),
                scope,
                perPartition ? ", per partition" : "");
  }

  private RateLimit by(Algorithm algorithm) {
    requireLimit(algorithm.toString());
    if (chosen != null && chosen != algorithm) {
      throw new IllegalArgumentException(
          "a rate limit has one algorithm, but was given %s and %s".formatted(chosen, algorithm));
    }
    return new RateLimit(permits, period, algorithm, burst, scope, perPartition);
  }

  private void requireLimit(String what) {
    if (isNone()) {
      throw new IllegalArgumentException(what + " needs a rate limit, but there is none");
    }
  }

  private void requireBurstFits(int size) {
    if (chosen != Algorithm.TOKEN_BUCKET && chosen != Algorithm.GCRA) {
      throw new IllegalArgumentException(
          "burst(%d) is for tokenBucket() and gcra(), but the algorithm is %s"
                  .formatted(size, algorithm())
              + (chosen == null ? ": say which one before the burst" : ""));
    }
  }

  /** How starts are reckoned. */
  public enum Algorithm {
    /** {@link RateLimit#slidingWindow} */
    SLIDING_WINDOW,
    /** {@link RateLimit#tokenBucket} */
    TOKEN_BUCKET,
    /** {@link RateLimit#gcra} */
    GCRA,
    /** {@link RateLimit#leakyBucket} */
    LEAKY_BUCKET;

    private int burstOf(int permits) {
      return switch (this) {
        case SLIDING_WINDOW, TOKEN_BUCKET -> permits;
        case GCRA, LEAKY_BUCKET -> 1;
      };
    }
  }

  /** Among whom a limit is shared. */
  public enum Scope {
    /** Each node has its own. */
    NODE,
    /** All nodes together have one. */
    CLUSTER
  }
}
