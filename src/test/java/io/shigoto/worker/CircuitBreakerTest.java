package io.shigoto.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class CircuitBreakerTest {

  private final CircuitBreaker breaker = CircuitBreaker.standard();

  @Test
  void theStandardIsHalfOfTwentyThenThirtySecondsThenThreeProbes() {
    assertThat(breaker.window()).isEqualTo(20);
    assertThat(breaker.percent()).isEqualTo(50);
    assertThat(breaker.open()).isEqualTo(Duration.ofSeconds(30));
    assertThat(breaker.probes()).isEqualTo(3);
    assertThat(breaker).hasToString("CircuitBreaker[50 % of 20, open PT30S, 3 probes]");
  }

  @Test
  void whatIsSaidIsKept() {
    CircuitBreaker other = breaker.window(5).percent(100).open(Duration.ofMinutes(1)).probes(1);

    assertThat(other.window()).isEqualTo(5);
    assertThat(other.percent()).isEqualTo(100);
    assertThat(other.open()).isEqualTo(Duration.ofMinutes(1));
    assertThat(other.probes()).isEqualTo(1);
    assertThat(other)
        .isNotEqualTo(breaker)
        .isEqualTo(breaker.probes(1).open(Duration.ofMinutes(1)).percent(100).window(5));
  }

  @Test
  void whatMakesNoSenseIsRefusedWithItsValue() {
    refused("window must be from 1 to 1000, but is 0", () -> breaker.window(0));
    refused("window must be from 1 to 1000, but is 1001", () -> breaker.window(1001));
    refused("percent must be from 1 to 100, but is -1", () -> breaker.percent(-1));
    refused("percent must be from 1 to 100, but is 101", () -> breaker.percent(101));
    refused("percent must be from 1 to 100, but is 0", () -> breaker.percent(0));
    refused("open must be from PT0.001S to PT24H, but is PT0S", () -> breaker.open(Duration.ZERO));
    refused("but is PT-1S", () -> breaker.open(Duration.ofSeconds(-1)));
    refused("but is PT25H", () -> breaker.open(Duration.ofHours(25)));
    refused("probes must be from 1 to 1000, but is 0", () -> breaker.probes(0));
  }

  @Test
  void noneHasNoOptions() {
    assertThat(CircuitBreaker.none().isNone()).isTrue();
    assertThat(CircuitBreaker.none()).isNotEqualTo(breaker).hasToString("CircuitBreaker[none]");
    refused("has no options", () -> CircuitBreaker.none().window(5));
    refused("has no options", () -> CircuitBreaker.none().open(Duration.ofSeconds(1)));
  }

  private static void refused(String reason, ThrowingCallable call) {
    assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(reason);
  }
}
