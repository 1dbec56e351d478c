package io.shigoto.internal.postgres;

import io.r2dbc.spi.R2dbcException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.pool.InstrumentedPool;
import reactor.pool.PoolAcquireTimeoutException;
import reactor.pool.PoolBuilder;
import reactor.pool.PooledRef;
import reactor.util.retry.Retry;

/**
 * Transactions that others stood in the way of are tried again, one at a time and in their order:
 * however many wait for an unfinished transaction, they hold one connection, and the others are for
 * those who do not wait.
 */
final class Retries {

  /** Deadlock, serialization failure, a lock that others hold too long. */
  private static final Set<String> CONFLICTS = Set.of("40P01", "40001", "55P03");

  private static final Duration FIRST_PAUSE = Duration.ofMillis(20);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(200);

  private final Duration patience;
  private final Scheduler timer;
  private final LongSupplier nanos;
  private final InstrumentedPool<Boolean> turn;

  /**
   * @param patience for how long a transaction is tried again
   * @param nanos a clock for elapsed time
   */
  Retries(Duration patience, Scheduler timer, LongSupplier nanos) {
    this.patience = patience;
    this.timer = timer;
    this.nanos = nanos;
    this.turn =
        PoolBuilder.from(Mono.just(true))
            .sizeBetween(0, 1)
            .pendingAcquireTimer(
                (tooLate, wait) -> timer.schedule(tooLate, wait.toNanos(), TimeUnit.NANOSECONDS))
            .buildPool();
  }

  /**
   * The same transaction; fails with the last conflict when that took longer than the patience.
   *
   * @param inItsTurn the same, as it is when no other one starts over beside it
   */
  <T> Mono<T> of(Mono<T> transaction, Mono<T> inItsTurn) {
    return Mono.defer(() -> new Attempts<>(transaction, inItsTurn).all());
  }

  /** Whether a transaction was ended because of what others did meanwhile. */
  private static boolean isConflict(Throwable error) {
    return error instanceof R2dbcException refused
        && refused.getSqlState() != null
        && CONFLICTS.contains(refused.getSqlState());
  }

  private final class Attempts<T> {

    private final Mono<T> transaction;
    private final Mono<T> inItsTurn;
    private final long began = nanos.getAsLong();
    private volatile @Nullable Throwable conflict;

    Attempts(Mono<T> transaction, Mono<T> inItsTurn) {
      this.transaction = transaction;
      this.inItsTurn = inItsTurn;
    }

    Mono<T> all() {
      return Mono.defer(() -> conflict == null ? transaction : inTurn())
          .retryWhen(
              Retry.backoff(Long.MAX_VALUE, FIRST_PAUSE)
                  .maxBackoff(LONGEST_PAUSE)
                  .jitter(1)
                  .scheduler(timer)
                  .filter(this::isToBeTriedAgain));
    }

    private boolean isToBeTriedAgain(Throwable error) {
      if (isConflict(error)) {
        conflict = error;
        return left() > 0;
      }
      return false;
    }

    private long left() {
      return patience.toNanos() - (nanos.getAsLong() - began);
    }

    private Mono<T> inTurn() {
      Throwable last = Objects.requireNonNull(conflict);
      // To wait for no time would be to wait for ever.
      return turn.acquire(Duration.ofNanos(Math.max(1, left())))
          .onErrorMap(PoolAcquireTimeoutException.class, late -> last)
          .flatMap(this::inTurn);
    }

    private Mono<T> inTurn(PooledRef<Boolean> mine) {
      return inItsTurn
          .flatMap(done -> mine.release().thenReturn(done))
          .onErrorResume(error -> mine.release().then(Mono.error(error)));
    }
  }
}
