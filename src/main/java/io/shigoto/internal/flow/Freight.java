package io.shigoto.internal.flow;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * How much may be under way at the same time, by weight. For a stream that asks for one item after
 * the other: one that finds no room keeps the stream waiting. A single one may be as heavy as it
 * likes.
 *
 * <p>The protocol: {@code weight} counts what was admitted or waits; whoever waits says so first
 * and then looks once more, and whoever makes room looks who waits.
 */
public final class Freight {

  private final long most;
  private final AtomicLong weight = new AtomicLong();
  private final AtomicReference<@Nullable Waiting> waiting = new AtomicReference<>();

  /**
   * @param most how much may be under way
   */
  public Freight(long most) {
    this.most = most;
  }

  /**
   * The item, as soon as there is room for it; {@link #landed} has to follow. Hidden, because what
   * Reactor knows to be one value {@code concatMap(…, 0)} delivers twice when two threads ask for
   * more at the same moment.
   */
  public <T> Mono<T> admit(T item, int itsWeight) {
    long all = weight.addAndGet(itsWeight);
    return all <= most || all == itsWeight
        ? Mono.just(item).hide()
        : Mono.<Boolean>create(sink -> await(new Waiting(sink, itsWeight))).thenReturn(item);
  }

  /** An item of this weight is no longer under way. */
  public void landed(int itsWeight) {
    weight.addAndGet(-itsWeight);
    look();
  }

  private void await(Waiting item) {
    waiting.set(item);
    look();
  }

  private void look() {
    Waiting present = waiting.get();
    if (present == null) {
      return;
    }
    long all = weight.get();
    boolean fits = all <= most || all == present.weight;
    if (fits && waiting.compareAndSet(present, null)) {
      present.sink.success(true);
    }
  }

  /** The one that waits for room; its weight is counted already. */
  private record Waiting(MonoSink<Boolean> sink, int weight) {}
}
