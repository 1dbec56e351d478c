package io.shigoto.control;

import io.shigoto.worker.Given;
import java.time.Duration;

/**
 * When a queue of a node is overloaded, its low priorities are not claimed for a while: immutable,
 * each method gives a changed copy. Their jobs stay available, and other nodes may take them.
 *
 * <p>It is overloaded while even the best of its jobs wait too long from when they are due to their
 * claim, or the fastest of its claims takes too long, each throughout a window. After each such
 * window one more priority is shed, from the lowest; the highest never is. After some windows in
 * which nothing says so, also because nothing was claimed, one is let in again.
 *
 * <p>Errors: a value that makes no sense is refused by the method that takes it, with an {@link
 * IllegalArgumentException} that names it.
 */
public final class LoadShedding {

  /** The default of {@link #waiting(Duration)}. */
  public static final Duration DEFAULT_WAITING = Duration.ofSeconds(5);

  /** The default of {@link #claiming(Duration)}. */
  public static final Duration DEFAULT_CLAIMING = Duration.ofSeconds(1);

  /** The default of {@link #window(Duration)}. */
  public static final Duration DEFAULT_WINDOW = Duration.ofSeconds(1);

  private static final Duration SHORTEST = Duration.ofMillis(10);
  private static final Duration LONGEST = Duration.ofHours(1);
  private static final LoadShedding STANDARD =
      new LoadShedding(true, DEFAULT_WAITING, DEFAULT_CLAIMING, DEFAULT_WINDOW);
  private static final LoadShedding NONE =
      new LoadShedding(false, DEFAULT_WAITING, DEFAULT_CLAIMING, DEFAULT_WINDOW);

  private final boolean on;
  private final Duration waiting;
  private final Duration claiming;
  private final Duration window;

  private LoadShedding(boolean on, Duration waiting, Duration claiming, Duration window) {
    this.on = on;
    this.waiting = waiting;
    this.claiming = claiming;
    this.window = window;
  }

  /** Sheds at 5 seconds of waiting, or 1 second for a claim, in windows of 1 second. */
  public static LoadShedding standard() {
    return STANDARD;
  }

  /** Never sheds. It takes no options. */
  public static LoadShedding none() {
    return NONE;
  }

  /**
   * How long the best jobs may wait from when they are due to their claim. From 10 ms to 1 hour.
   * Default: 5 seconds.
   */
  public LoadShedding waiting(Duration target) {
    return new LoadShedding(on, require("waiting", target), claiming, window);
  }

  /**
   * How long the database may take for a claim, with the wait for a connection. From 10 ms to 1
   * hour. Default: 1 second.
   */
  public LoadShedding claiming(Duration target) {
    return new LoadShedding(on, waiting, require("claiming", target), window);
  }

  /**
   * For how long that must be so until the next step is taken; a few of them without a sign of
   * overload take one back. From 10 ms to 1 hour. Default: 1 second.
   */
  public LoadShedding window(Duration length) {
    return new LoadShedding(on, waiting, claiming, require("window", length));
  }

  /** Whether it sheds at all. */
  public boolean isOn() {
    return on;
  }

  /** How long the best jobs may wait. */
  public Duration waiting() {
    return waiting;
  }

  /** How long a claim may take. */
  public Duration claiming() {
    return claiming;
  }

  /** How long a window is. */
  public Duration window() {
    return window;
  }

  private Duration require(String what, Duration value) {
    if (!on) {
      throw new IllegalArgumentException(
          "%s needs load shedding, but there is none; it is %s".formatted(what, value));
    }
    return Given.between(what + " of load shedding", value, SHORTEST, LONGEST);
  }
}
