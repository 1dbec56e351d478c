package io.shigoto.internal.seats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SharesTest {

  private static final Offset<Double> ROUNDING = within(1e-9);

  static Stream<Arguments> table() {
    return Stream.of(
        row(10, weights(1), demands(4), 4),
        row(10, weights(1), demands(40), 10),
        row(8, weights(1, 3), demands(100, 100), 2, 6),
        row(8, weights(3, 1), demands(100, 100), 6, 2),
        row(8, weights(1, 3), demands(100, 1), 7, 1),
        row(8, weights(1, 3), demands(1, 100), 1, 7),
        row(8, weights(1, 3), demands(0, 100), 0, 8),
        row(8, weights(1, 3), demands(3, 3), 3, 3),
        row(10, weights(1, 1, 2), demands(1, 100, 100), 1, 3, 6),
        row(10, weights(1, 1, 2), demands(100, 100, 2), 4, 4, 2),
        row(1, weights(1, 1), demands(5, 5), 0.5, 0.5),
        row(1, weights(1, 999), demands(5, 5), 0.001, 0.999),
        row(10, weights(), demands()),
        row(10, weights(5, 5), demands(0, 0), 0, 0));
  }

  @ParameterizedTest
  @MethodSource("table")
  void higherWeightsGetMoreAndWhatIsNotNeededGoesToTheOthers(
      int slots, int[] weights, int[] demands, double[] shares) {
    assertThat(Shares.of(slots, weights, demands)).containsExactly(shares, ROUNDING);
  }

  @Test
  void sharesAreWhatWeightedMaxMinFairnessMeans() {
    Random random = new Random(7);
    for (int round = 0; round < 20_000; round++) {
      int[] weights = random.ints(random.nextInt(1, 8), 1, 12).toArray();
      int[] demands = random.ints(weights.length, 0, 30).toArray();
      int slots = random.nextInt(1, 60);
      double[] shares = Shares.of(slots, weights, demands);
      String given =
          "%d slots, weights %s, demands %s: %s"
              .formatted(
                  slots,
                  Arrays.toString(weights),
                  Arrays.toString(demands),
                  Arrays.toString(shares));

      int demanded = IntStream.of(demands).sum();
      assertThat(Arrays.stream(shares).sum())
          .as("all of it is used, " + given)
          .isCloseTo(Math.min(slots, demanded), ROUNDING);
      for (int i = 0; i < shares.length; i++) {
        assertThat(shares[i]).as(given).isBetween(0.0, demands[i] + 1e-9);
        assertThat(demands[i] == 0 || shares[i] > 0).as("none starves, " + given).isTrue();
        for (int j = 0; j < shares.length; j++) {
          if (shares[i] < demands[i] - 1e-9) {
            assertThat(shares[j] / weights[j])
                .as("nobody has more for its weight than who lacks some, " + given)
                .isLessThanOrEqualTo(shares[i] / weights[i] + 1e-9);
          }
        }
      }
    }
  }

  private static Arguments row(int slots, int[] weights, int[] demands, double... shares) {
    return Arguments.of(slots, weights, demands, shares);
  }

  private static int[] weights(int... weights) {
    return weights;
  }

  private static int[] demands(int... demands) {
    return demands;
  }
}
