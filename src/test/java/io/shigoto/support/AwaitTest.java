package io.shigoto.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AwaitTest {

  @Test
  void returnsWhenTheFactHolds() {
    AtomicInteger looks = new AtomicInteger();

    Await.until(Duration.ofSeconds(10), () -> looks.incrementAndGet() == 5);

    assertThat(looks).hasValue(5);
  }

  @Test
  void failureNamesTheFactAndTheLimit() {
    assertThatThrownBy(() -> Await.until("the sky falls", Duration.ofMillis(5), () -> false))
        .isInstanceOf(AssertionError.class)
        .hasMessage("not true within PT0.005S: the sky falls");
  }

  @Test
  void factThatThrowsIsNotTrueYet() {
    AtomicInteger looks = new AtomicInteger();

    Await.until(Duration.ofSeconds(10), () -> 1 / looks.getAndIncrement() == 1);

    assertThatThrownBy(() -> Await.until(Duration.ofMillis(5), AwaitTest::divideByZero))
        .hasMessageContaining("/ by zero")
        .hasCauseInstanceOf(ArithmeticException.class);
  }

  private static boolean divideByZero() {
    return 1 / Integer.parseInt("0") == 1;
  }
}
