package io.shigoto.internal.wake;

import io.shigoto.internal.flow.Nudge;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Goes off when the soonest job that anybody told of is due. Elapsed time alone is used: how long
 * from now, as the database said, on a clock that never jumps.
 */
public final class Alarm {

  /**
   * Whoever looks then is told the rest; times are compared by their difference, so it has to be
   * small.
   */
  private static final Duration FURTHEST = Duration.ofDays(1);

  private final AtomicLong set;
  private final LongSupplier nanos;
  private final Scheduler timer;
  private final Nudge changed = new Nudge();

  /**
   * @param nanos a clock for elapsed time, such as System::nanoTime
   */
  public Alarm(LongSupplier nanos, Scheduler timer) {
    this.nanos = nanos;
    this.timer = timer;
    this.set = new AtomicLong(nanos.getAsLong());
  }

  /** Goes off in so many ms, or in a day, unless it does sooner anyway. */
  public void in(long millis) {
    long wanted =
        nanos.getAsLong() + TimeUnit.MILLISECONDS.toNanos(Math.min(millis, FURTHEST.toMillis()));
    while (true) {
      long present = set.get();
      if (present - wanted <= 0) {
        return;
      }
      if (set.compareAndSet(present, wanted)) {
        changed.give();
        return;
      }
    }
  }

  /**
   * Puts it off: whoever looks now tells afterwards when it is to go off next; what is told
   * meanwhile is kept.
   */
  public void clear(Duration atMost) {
    set.set(nanos.getAsLong() + atMost.toNanos());
    changed.give();
  }

  /** One element each time it goes off. */
  public Flux<Long> rings() {
    return changed.looks().switchMap(change -> Mono.delay(left(), timer)).onBackpressureLatest();
  }

  private Duration left() {
    return Duration.ofNanos(Math.max(0, set.get() - nanos.getAsLong()));
  }
}
