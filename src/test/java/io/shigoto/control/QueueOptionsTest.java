package io.shigoto.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueueOptionsTest {

  @Test
  void eachMethodKeepsWhatTheOthersSaid() {
    QueueOptions options = QueueOptions.concurrency(10).weight(3).fair().withConcurrency(20);

    assertThat(options.concurrency()).isEqualTo(20);
    assertThat(options.weight()).isEqualTo(3);
    assertThat(options.isFair()).isTrue();
    assertThat(options.weight(4).isFair()).isTrue();
  }

  @Test
  void whatIsNotSaidIsWeightOneAndNotFair() {
    QueueOptions options = QueueOptions.concurrency(10);

    assertThat(options.weight()).isEqualTo(1);
    assertThat(options.isFair()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 1001, Integer.MAX_VALUE})
  void aWeightThatIsNoneIsRefusedByName(int weight) {
    QueueOptions options = QueueOptions.concurrency(10);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> options.weight(weight))
        .withMessage("weight must be from 1 to 1000, but is " + weight);
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0})
  void aConcurrencyThatIsNoneIsRefusedByName(int runs) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> QueueOptions.concurrency(runs))
        .withMessage("concurrency must be at least 1, but is " + runs);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> QueueOptions.concurrency(1).withConcurrency(runs))
        .withMessage("concurrency must be at least 1, but is " + runs);
  }
}
