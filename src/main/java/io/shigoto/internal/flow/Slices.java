package io.shigoto.internal.flow;

import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import reactor.core.publisher.Flux;

/**
 * Cuts many items into as many as a statement takes: by their number, and by what they weigh. A
 * slice takes the item that fills it up, so a single one may be as heavy as it likes.
 */
public final class Slices {

  private static final int MOST = 1000;

  private Slices() {}

  /**
   * All of them, in order. Demand: items are asked for one by one, and none before the slice that
   * it may be in is.
   */
  public static <T> Flux<List<T>> of(Flux<T> items, ToIntFunction<? super T> weight) {
    return Flux.defer(() -> items.bufferUntil(new Full<>(weight)));
  }

  /** Whether a slice is full with this item; for one subscriber. */
  private static final class Full<T> implements Predicate<T> {

    private final ToIntFunction<? super T> weight;
    private int size;
    private long weighed;

    Full(ToIntFunction<? super T> weight) {
      this.weight = weight;
    }

    @Override
    public boolean test(T item) {
      size++;
      weighed += weight.applyAsInt(item);
      boolean full = size == MOST || weighed >= GroupCommit.HEAVIEST;
      if (full) {
        size = 0;
        weighed = 0;
      }
      return full;
    }
  }
}
