package io.shigoto.support;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Waits until a fact holds.
 *
 * <p>The only place of the tests where a thread passes time: prefer an event (a sink, a latch, a
 * {@code StepVerifier}) and use this for what only a look can tell, such as a row in a table.
 */
public final class Await {

  private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private Await() {}

  /** Returns when {@code fact} is true, or fails after {@code limit}. */
  public static void until(Duration limit, Callable<Boolean> fact) {
    until("the awaited fact", limit, fact);
  }

  /**
   * Returns when {@code fact} is true.
   *
   * <p>A fact that throws is not true yet; its last error is the cause of the failure.
   *
   * @param what the fact in words, for the message of the failure
   * @throws AssertionError if it is not true within {@code limit}
   */
  public static void until(String what, Duration limit, Callable<Boolean> fact) {
    long start = System.nanoTime();
    long pause = FIRST_PAUSE_NANOS;
    @Nullable Throwable lastError = null;
    while (true) {
      // Read before the look: a fact that came true during a slow look still counts.
      boolean lastLook = System.nanoTime() - start >= limit.toNanos();
      try {
        lastError = null;
        if (fact.call()) {
          return;
        }
      } catch (Exception | AssertionError e) {
        lastError = e;
      }
      if (lastLook || Thread.currentThread().isInterrupted()) {
        throw new AssertionError(message(what, limit, lastError), lastError);
      }
      LockSupport.parkNanos(pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_NANOS);
    }
  }

  private static String message(String what, Duration limit, @Nullable Throwable lastError) {
    if (Thread.currentThread().isInterrupted()) {
      return "interrupted while waiting for " + what;
    }
    String seen = lastError == null ? "" : "; the last look threw " + lastError;
    return "not true within " + limit + ": " + what + seen;
  }
}
