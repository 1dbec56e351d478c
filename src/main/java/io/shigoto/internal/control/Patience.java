package io.shigoto.internal.control;

import io.r2dbc.spi.R2dbcException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * What control does when others are at the same rows: it never waits while it holds locks of its
 * own, it comes again. So it is control that yields, never a settlement.
 */
public final class Patience {

  private static final String LOCK_NOT_AVAILABLE = "55P03";
  private static final Duration FIRST_PAUSE = Duration.ofMillis(5);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

  private final Duration limit;
  private final LongSupplier nanos;
  private final Scheduler timer;

  /**
   * @param limit how long it comes again
   * @param nanos a clock for elapsed time
   */
  public Patience(Duration limit, LongSupplier nanos, Scheduler timer) {
    this.limit = limit;
    this.nanos = nanos;
    this.timer = timer;
  }

  /**
   * The same work, again while rows are {@link Busy}, locks are not to be had, or the database
   * chose it as a victim.
   */
  <T> Mono<T> until(Mono<T> work) {
    return Mono.defer(
        () -> {
          long began = nanos.getAsLong();
          return work.retryWhen(
                  Retry.backoff(Long.MAX_VALUE, FIRST_PAUSE)
                      .maxBackoff(LONGEST_PAUSE)
                      .scheduler(timer)
                      .filter(error -> mayPass(error) && !isOver(began)))
              .onErrorMap(Busy.class, this::tooLong);
        });
  }

  private boolean isOver(long began) {
    return nanos.getAsLong() - began > limit.toNanos();
  }

  private static boolean mayPass(Throwable error) {
    return error instanceof Busy
        || (error instanceof R2dbcException refused
            && refused.getSqlState() != null
            && (refused.getSqlState().startsWith("40")
                || refused.getSqlState().equals(LOCK_NOT_AVAILABLE)));
  }

  private Throwable tooLong(Busy busy) {
    return new TimeoutException(busy.getMessage() + " for longer than " + limit);
  }

  /** Somebody else has locked rows, or changed them just now. */
  static final class Busy extends RuntimeException {

    private static final long serialVersionUID = 1L;

    Busy(String who) {
      super(who + " locked by another transaction", null, false, false);
    }
  }
}
