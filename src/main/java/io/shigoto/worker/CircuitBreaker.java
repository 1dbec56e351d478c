package io.shigoto.worker;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * When a worker fails too often, its jobs are not claimed for a while: immutable, each method gives
 * a changed copy. Each node has its own for each worker.
 *
 * <p>Closed, it watches the last results; when as many of them as the percentage says are failures,
 * it opens, and none of the worker's jobs are claimed. After a time it lets through so many probes
 * and no more; their results decide whether it closes or opens again. Failures are failed outcomes,
 * timeouts too; a run that snoozed, was cancelled or was given back says nothing.
 *
 * <p>Errors: a value that makes no sense is refused by the method that takes it, with an {@link
 * IllegalArgumentException} that names it.
 */
public final class CircuitBreaker {

  /** The default of {@link #window(int)}. */
  public static final int DEFAULT_WINDOW = 20;

  /** The default of {@link #percent(int)}. */
  public static final int DEFAULT_PERCENT = 50;

  /** The default of {@link #open(Duration)}. */
  public static final Duration DEFAULT_OPEN = Duration.ofSeconds(30);

  /** The default of {@link #probes(int)}. */
  public static final int DEFAULT_PROBES = 3;

  /** The largest window, and the most probes. */
  public static final int LARGEST_WINDOW = 1000;

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(1);
  private static final CircuitBreaker STANDARD =
      new CircuitBreaker(DEFAULT_WINDOW, DEFAULT_PERCENT, DEFAULT_OPEN, DEFAULT_PROBES);
  private static final CircuitBreaker NONE = new CircuitBreaker(0, 0, Duration.ZERO, 0);

  private final int window;
  private final int percent;
  private final Duration open;
  private final int probes;

  private CircuitBreaker(int window, int percent, Duration open, int probes) {
    this.window = window;
    this.percent = percent;
    this.open = open;
    this.probes = probes;
  }

  /** What a worker has unless it says otherwise: the last 20, 50 %, 30 seconds, 3 probes. */
  public static CircuitBreaker standard() {
    return STANDARD;
  }

  /** Never opens. */
  public static CircuitBreaker none() {
    return NONE;
  }

  /**
   * How many of the last results it watches. It never opens before it has seen so many. Default:
   * {@value #DEFAULT_WINDOW}.
   *
   * @param results from 1 to {@value #LARGEST_WINDOW}
   */
  public CircuitBreaker window(int results) {
    require("window", results, LARGEST_WINDOW);
    return new CircuitBreaker(results, percent, open, probes);
  }

  /**
   * At how many failures in a hundred results it opens. Default: {@value #DEFAULT_PERCENT}.
   *
   * @param failures from 1 to 100
   */
  public CircuitBreaker percent(int failures) {
    require("percent", failures, 100);
    return new CircuitBreaker(window, failures, open, probes);
  }

  /**
   * How long it stays open before it lets probes through. Default: 30 seconds.
   *
   * @param time from 1 ms to 1 day
   */
  public CircuitBreaker open(Duration time) {
    requireBreaker();
    Given.between("open", time, SHORTEST, LONGEST);
    return new CircuitBreaker(window, percent, time, probes);
  }

  /**
   * How many jobs it lets through to see whether it may close. Default: {@value #DEFAULT_PROBES}.
   *
   * @param jobs from 1 to {@value #LARGEST_WINDOW}
   */
  public CircuitBreaker probes(int jobs) {
    require("probes", jobs, LARGEST_WINDOW);
    return new CircuitBreaker(window, percent, open, jobs);
  }

  /** Whether it never opens; then the other questions have no meaning. */
  public boolean isNone() {
    return window == 0;
  }

  /** How many of the last results it watches. */
  public int window() {
    return window;
  }

  /** At how many failures in a hundred results it opens. */
  public int percent() {
    return percent;
  }

  /** How long it stays open before it lets probes through. */
  public Duration open() {
    return open;
  }

  /** How many jobs it lets through to see whether it may close. */
  public int probes() {
    return probes;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof CircuitBreaker that
        && window == that.window
        && percent == that.percent
        && open.equals(that.open)
        && probes == that.probes;
  }

  @Override
  public int hashCode() {
    return Objects.hash(window, percent, open, probes);
  }

  @Override
  public String toString() {
    return isNone()
        ? "CircuitBreaker[none]"
        : "CircuitBreaker[%d %% of %d, open %s, %d probes]"
            .formatted(percent, window, open, probes);
  }

  private void require(String what, int value, int most) {
    requireBreaker();
    Given.between(what, value, 1, most);
  }

  private void requireBreaker() {
    if (isNone()) {
      throw new IllegalArgumentException("a circuit breaker that is none has no options");
    }
  }
}
