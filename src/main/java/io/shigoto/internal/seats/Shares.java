package io.shigoto.internal.seats;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Who may have how many slots of a node: weighted max-min fairness. It is as if water rose in
 * vessels as wide as the weights: who needs less than its share is full, and leaves the rest to the
 * others, in proportion to their weights.
 */
final class Shares {

  private Shares() {}

  /**
   * The shares, whole or not: never more than the demand, and in all exactly what there is or what
   * is demanded, whichever is less.
   *
   * @param weights from 1
   * @param demands how many slots each could use, from 0
   */
  static double[] of(int slots, int[] weights, int[] demands) {
    double[] shares = new double[weights.length];
    double left = slots;
    double weight = IntStream.of(weights).asLongStream().sum();
    int[] fullFirst =
        IntStream.range(0, weights.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> (double) demands[i] / weights[i]))
            .mapToInt(i -> i)
            .toArray();
    for (int i : fullFirst) {
      shares[i] = Math.min(demands[i], left * weights[i] / weight);
      left -= shares[i];
      weight -= weights[i];
    }
    return shares;
  }
}
