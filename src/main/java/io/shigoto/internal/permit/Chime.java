package io.shigoto.internal.permit;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import reactor.core.scheduler.Scheduler;

/** Rings at the soonest of the times that it was given, and sometimes once too often. */
final class Chime {

  private static final long NEVER = Long.MAX_VALUE;

  private final AtomicLong set = new AtomicLong(NEVER);
  private final Scheduler timer;
  private final LongSupplier micros;
  private final Runnable onRing;

  Chime(Scheduler timer, LongSupplier micros, Runnable onRing) {
    this.timer = timer;
    this.micros = micros;
    this.onRing = onRing;
  }

  /** Rings at this time, unless it does sooner anyway. */
  void at(long time) {
    long present = set.get();
    while (time < present) {
      if (set.compareAndSet(present, time)) {
        schedule(time);
        return;
      }
      present = set.get();
    }
  }

  private void schedule(long time) {
    long left = Math.max(0, time - micros.getAsLong());
    try {
      timer.schedule(() -> ring(time), left, TimeUnit.MICROSECONDS);
    } catch (RejectedExecutionException stopped) {
      // The node is closed: nobody waits any more.
      set.set(NEVER);
    }
  }

  private void ring(long time) {
    set.compareAndSet(time, NEVER);
    onRing.run();
  }
}
