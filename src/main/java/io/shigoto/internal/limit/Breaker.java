package io.shigoto.internal.limit;

import io.shigoto.worker.CircuitBreaker;

/**
 * A circuit breaker: pure transitions of an immutable state. Times are microseconds on any clock
 * for elapsed time.
 *
 * <p>Each state has a term, and each job is claimed in one. A result counts only in its own term: a
 * run that was claimed before the circuit opened says nothing about whether it may close.
 *
 * <p>Source: M. Nygard, "Release It!", second edition, 2018, "Circuit Breaker".
 */
public final class Breaker {

  private final int window;
  private final int percent;
  private final long open;
  private final int probes;

  /**
   * @param options not none
   */
  public Breaker(CircuitBreaker options) {
    this.window = options.window();
    this.percent = options.percent();
    this.open = options.open().toNanos() / 1000;
    this.probes = options.probes();
  }

  /** Closed, nothing seen. */
  public State fresh() {
    return closed(0);
  }

  /** The same, or half-open if it was open for long enough. */
  public State at(State state, long now) {
    return state instanceof Open opened && now >= opened.until
        ? new HalfOpen(state.term() + 1, 0, 0, 0)
        : state;
  }

  /** How many jobs it lets through when it is half-open. */
  public int probes() {
    return probes;
  }

  /** Whether it lets everything through. */
  public static boolean isClosed(State state) {
    return state instanceof Closed;
  }

  /**
   * Whether a job that was claimed in a term may start now. What was claimed before is no probe.
   */
  public static boolean lets(State state, long term) {
    return state instanceof Closed || (state instanceof HalfOpen && state.term() == term);
  }

  /** How many of {@code wanted} jobs may be claimed. */
  public int allows(State state, int wanted) {
    if (state instanceof HalfOpen half) {
      return Math.min(wanted, probes - half.out - half.succeeded - half.failed);
    }
    return state instanceof Open ? 0 : wanted;
  }

  /** So many jobs are to be claimed, of those that it allows. */
  public State take(State state, int jobs) {
    return state instanceof HalfOpen half
        ? new HalfOpen(half.term, half.out + jobs, half.succeeded, half.failed)
        : state;
  }

  /** So many jobs were not claimed after all, or ended without a result. */
  public State giveBack(State state, long term, int jobs) {
    return state instanceof HalfOpen half && half.term == term
        ? new HalfOpen(half.term, half.out - jobs, half.succeeded, half.failed)
        : state;
  }

  /** A job that was claimed in a term has a result. */
  public State result(State state, long term, boolean failed, long now) {
    if (state.term() != term) {
      return state;
    }
    if (state instanceof Closed closed) {
      Results results = closed.results.and(failed);
      return results == closed.results
          ? state
          : results.isFull() && isTooMany(results.failures(), window)
              ? opened(term, now)
              : new Closed(term, results);
    }
    return state instanceof HalfOpen half ? probed(half, failed, now) : state;
  }

  /** Decided as soon as the results that are missing can change nothing. */
  private State probed(HalfOpen half, boolean failed, long now) {
    int failures = half.failed + (failed ? 1 : 0);
    int successes = half.succeeded + (failed ? 0 : 1);
    if (isTooMany(failures, probes)) {
      return opened(half.term, now);
    }
    return isTooMany(probes - successes, probes)
        ? new HalfOpen(half.term, half.out - 1, successes, failures)
        : closed(half.term + 1);
  }

  private boolean isTooMany(int failures, int of) {
    return failures * 100 >= percent * of;
  }

  private State opened(long term, long now) {
    return new Open(term + 1, now + open);
  }

  private State closed(long term) {
    return new Closed(term, Results.none(window));
  }

  /** Where it is. */
  public sealed interface State {

    /** Counts up with each change. */
    long term();
  }

  /** Watches results. */
  record Closed(long term, Results results) implements State {}

  /**
   * Lets nothing through.
   *
   * @param until when it lets probes through
   */
  public record Open(long term, long until) implements State {}

  /**
   * Lets probes through.
   *
   * @param out probes that have no result yet
   */
  public record HalfOpen(long term, int out, int succeeded, int failed) implements State {}
}
