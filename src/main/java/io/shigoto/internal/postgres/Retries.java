package io.shigoto.internal.postgres;

import io.r2dbc.spi.R2dbcException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
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

  /**
   * For how long a transaction of ours waits for a lock before it starts over. While it waits it
   * has a connection, and perhaps locks, which those that it waits for may need to go on: much less
   * than the server's deadlock_timeout, so that a circle rarely lasts until one of those who are in
   * it finds it.
   */
  private static final Duration SHORT_WAIT = Duration.ofMillis(100);

  /**
   * And in its turn, at most, when it is the only one of this node that waits so. Whoever waits for
   * no longer than others have what he waits for, and then stands behind them again, may never get
   * it: on a slow machine they have it for longer than a short wait. Less than deadlock_timeout
   * too.
   */
  private static final Duration LONG_WAIT = Duration.ofMillis(400);

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
   * A transaction; fails with its last conflict when that took longer than the patience.
   *
   * @param transaction by how long it is to wait for each lock
   */
  <T> Mono<T> of(Function<Duration, Mono<T>> transaction) {
    return Mono.defer(() -> new Attempts<>(transaction).all());
  }

  /**
   * Those in line share the long wait, or many who wait for what is never let go of would take up
   * the patience of one who has nothing to wait for any more. And a transaction has several tries
   * however soon it is to fail.
   */
  private Duration waitInTurn() {
    Duration some = patience.dividedBy(10);
    Duration most = some.compareTo(LONG_WAIT) < 0 ? some : LONG_WAIT;
    Duration share = most.dividedBy(1 + turn.metrics().pendingAcquireSize());
    return share.compareTo(SHORT_WAIT) > 0 ? share : SHORT_WAIT;
  }

  /** Whether a transaction was ended because of what others did meanwhile. */
  private static boolean isConflict(Throwable error) {
    return error instanceof R2dbcException refused
        && refused.getSqlState() != null
        && CONFLICTS.contains(refused.getSqlState());
  }

  private final class Attempts<T> {

    private final Function<Duration, Mono<T>> transaction;
    private final long began = nanos.getAsLong();
    private volatile @Nullable Throwable conflict;

    Attempts(Function<Duration, Mono<T>> transaction) {
      this.transaction = transaction;
    }

    Mono<T> all() {
      return Mono.defer(() -> conflict == null ? transaction.apply(SHORT_WAIT) : inTurn())
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
      return transaction
          .apply(waitInTurn())
          .flatMap(done -> mine.release().thenReturn(done))
          .onErrorResume(error -> mine.release().then(Mono.error(error)));
    }
  }
}
