package io.shigoto.internal.flow;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;

/**
 * Allows something that is a burden to others: once at a time, and never for more than a share of
 * the time. What takes longer because others do the same is allowed less often, so all of them
 * together slow down by themselves.
 *
 * <p>The protocol: {@code next} is when it may begin again; whoever moves it to {@link #UNDER_WAY}
 * has begun, and sets it when it has ended.
 */
public final class DutyCycle {

  private static final long UNDER_WAY = Long.MAX_VALUE;

  private final LongSupplier nanos;
  private final long origin;
  private final int pauses;
  private final AtomicLong next = new AtomicLong();
  private volatile long began;

  /**
   * @param nanos a clock for elapsed time
   * @param pauses how many times as long as it took it has to wait
   */
  public DutyCycle(LongSupplier nanos, int pauses) {
    this.nanos = nanos;
    this.origin = nanos.getAsLong();
    this.pauses = pauses;
  }

  /** The work if it may be done now, or else something instead of it. */
  public <T> Mono<T> doOrElse(Supplier<Mono<T>> work, Supplier<Mono<T>> instead) {
    return Mono.defer(() -> begin() ? Mono.defer(work).doFinally(done -> end()) : instead.get());
  }

  /** Whether it may begin now; if so, {@link #end} has to follow. */
  boolean begin() {
    long present = next.get();
    long now = now();
    if (now < present || !next.compareAndSet(present, UNDER_WAY)) {
      return false;
    }
    began = now;
    return true;
  }

  /** It has ended. */
  void end() {
    long now = now();
    next.set(now + (now - began) * pauses);
  }

  private long now() {
    return nanos.getAsLong() - origin;
  }
}
