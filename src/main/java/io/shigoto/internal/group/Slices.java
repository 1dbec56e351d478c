package io.shigoto.internal.group;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Cuts many rows into as many as a statement takes. */
final class Slices {

  private static final int SIZE = 1000;

  private Slices() {}

  /** All of them, in order. */
  static <T> Stream<List<T>> of(List<T> all) {
    return IntStream.rangeClosed(0, (all.size() - 1) / SIZE)
        .mapToObj(n -> all.subList(n * SIZE, Math.min(all.size(), (n + 1) * SIZE)))
        .filter(slice -> !slice.isEmpty());
  }
}
