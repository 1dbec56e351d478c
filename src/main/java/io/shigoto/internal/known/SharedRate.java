package io.shigoto.internal.known;

import io.shigoto.worker.RateLimit;
import io.shigoto.worker.RateLimit.Algorithm;
import io.shigoto.worker.RateLimit.Scope;
import java.time.Duration;

/**
 * A rate limit that claims keep, because not only this node has to know what has started, or that
 * of each partition key: as {@code claim_limited.sql} takes it. Times are microseconds.
 *
 * <p>A claim permits its jobs to start within the slack. It takes a permit as if the start were
 * now, and keeps it as if it were at the end of the slack.
 *
 * @param rule the limit in words; whose words are the same share it
 * @param sliding whether it is a sliding window; all others are buckets that drain evenly
 * @param slack for how long a permit is good, from before the claim was sent
 * @param ahead for how long ahead permits are given at once, because the node spaces the starts
 * @param keyed whether each partition key has its own
 */
public record SharedRate(
    String rule,
    boolean sliding,
    int permits,
    long period,
    int burst,
    long slack,
    long ahead,
    boolean keyed) {

  private static final Duration SHORTEST_PERIOD = Duration.ofMillis(100);

  /** How far ahead permits are given to a node that spaces the starts. */
  public static final long AHEAD = 200_000;

  private static final long PAUSE = 10_000;
  private static final long LEAST_SLACK = 20_000;
  private static final long USUAL_SLACK = 250_000;
  private static final long MOST_SLACK = 10_000_000;

  /** Of what is lost at the most when permits are used one by one. */
  private static final int PARTS = 5;

  /**
   * The rate of a worker.
   *
   * @param here what no other node says
   */
  public static SharedRate of(RateLimit limit, String here) {
    return new SharedRate(
        "%d per %s, %s, burst %d%s%s"
            .formatted(
                limit.permits(),
                limit.period(),
                limit.algorithm(),
                limit.burst(),
                limit.isPerPartition() ? ", per partition" : "",
                limit.scope() == Scope.NODE ? ", on " + here : ""),
        limit.algorithm() == Algorithm.SLIDING_WINDOW,
        limit.permits(),
        limit.period().toNanos() / 1000,
        limit.burst(),
        LEAST_SLACK,
        isSpaced(limit) ? AHEAD : 0,
        limit.isPerPartition());
  }

  /** Whether it needs no claims to keep it, or they can. */
  static boolean canBeKept(RateLimit limit) {
    return !isNeededFor(limit) || limit.period().compareTo(SHORTEST_PERIOD) >= 0;
  }

  /** Whether claims have to keep it. */
  static boolean isNeededFor(RateLimit limit) {
    return !limit.isNone() && (limit.scope() == Scope.CLUSTER || limit.isPerPartition());
  }

  /** Whether a node spaces the starts that were permitted together. */
  static boolean isSpaced(RateLimit limit) {
    return limit.algorithm() != Algorithm.SLIDING_WINDOW
        && limit.burst() == 1
        && !limit.isPerPartition();
  }

  /**
   * With permits that are good for long enough, but for no longer than the limit can bear.
   *
   * @param delay how long it takes from a claim to the starts
   */
  public SharedRate with(long delay) {
    // A permit that is lost is lost for long if the period is long.
    long usual = Math.max(USUAL_SLACK, bearable() / 20);
    long enough = Math.max(Math.min(bearable(), usual), 3 * delay);
    return new SharedRate(
        rule,
        sliding,
        permits,
        period,
        burst,
        Math.min(MOST_SLACK, Math.max(LEAST_SLACK, enough)),
        ahead,
        keyed);
  }

  /** How long after the claim was sent the last of so many would start that it brought. */
  public long spaces(int jobs) {
    return ahead > 0 ? (jobs - 1) * period / permits : 0;
  }

  /** How long to wait at least before it is asked for again: others come meanwhile. */
  public long pause() {
    return Math.min(PAUSE, bearable() / 2);
  }

  private long bearable() {
    return Math.max(ahead, sliding ? period : period * burst / permits) / PARTS;
  }
}
