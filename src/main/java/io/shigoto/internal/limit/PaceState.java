package io.shigoto.internal.limit;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Pace} remembers: a few whole numbers, to be kept anywhere. Only the kind of limit
 * that made it can read it.
 */
public final class PaceState {

  /** Nothing has started yet. */
  public static final PaceState FRESH = new PaceState();

  private final long[] values;

  private PaceState(long... values) {
    this.values = values;
  }

  /** As {@link #values} gave them. */
  public static PaceState of(long... values) {
    return values.length == 0 ? FRESH : new PaceState(values.clone());
  }

  /** At most 32 numbers; none at all before the first start. */
  public long[] values() {
    return values.clone();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PaceState that && Arrays.equals(values, that.values);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(values);
  }

  @Override
  public String toString() {
    return "PaceState" + Arrays.toString(values);
  }

  boolean isFresh() {
    return values.length == 0;
  }

  int size() {
    return values.length;
  }

  long at(int index) {
    return values[index];
  }
}
