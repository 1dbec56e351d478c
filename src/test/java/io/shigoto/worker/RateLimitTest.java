package io.shigoto.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class RateLimitTest {

  private static final Duration MINUTE = Duration.ofMinutes(1);
  private final RateLimit limit = RateLimit.of(100, MINUTE);

  @Test
  void whatIsSaidIsKept() {
    RateLimit all = limit.tokenBucket().burst(20).global().perPartition();

    assertThat(all.permits()).isEqualTo(100);
    assertThat(all.period()).isEqualTo(MINUTE);
    assertThat(all.algorithm()).isEqualTo(RateLimit.Algorithm.TOKEN_BUCKET);
    assertThat(all.burst()).isEqualTo(20);
    assertThat(all.scope()).isEqualTo(RateLimit.Scope.CLUSTER);
    assertThat(all.isPerPartition()).isTrue();
    assertThat(all)
        .hasToString("RateLimit[100 per PT1M, TOKEN_BUCKET, burst 20, CLUSTER, per partition]");
  }

  @Test
  void unlessSaidOtherwiseItIsASlidingWindowOfEachNode() {
    assertThat(limit).isEqualTo(limit.slidingWindow()).hasSameHashCodeAs(limit.slidingWindow());
    assertThat(limit.scope()).isEqualTo(RateLimit.Scope.NODE);
    assertThat(limit.isPerPartition()).isFalse();
    assertThat(limit.isNone()).isFalse();
  }

  @Test
  void theBurstFollowsTheAlgorithmUnlessItIsGiven() {
    assertThat(limit.burst()).isEqualTo(100);
    assertThat(limit.tokenBucket().burst()).isEqualTo(100);
    assertThat(limit.gcra().burst()).isEqualTo(1);
    assertThat(limit.leakyBucket().burst()).isEqualTo(1);
    assertThat(limit.gcra().burst(7).burst()).isEqualTo(7);
  }

  @Test
  void whatMakesNoSenseIsRefusedWithItsValue() {
    refused("permits must be from 1 to 1000000, but is 0", () -> RateLimit.of(0, MINUTE));
    refused("but is -5", () -> RateLimit.of(-5, MINUTE));
    refused("but is 1000001", () -> RateLimit.of(1_000_001, MINUTE));
    refused(
        "period must be from PT0.001S to PT744H, but is PT0S",
        () -> RateLimit.of(1, Duration.ZERO));
    refused("but is PT-1M", () -> RateLimit.of(1, MINUTE.negated()));
    refused("but is PT744H0.000001S", () -> RateLimit.of(1, Duration.ofDays(31).plusNanos(1000)));
    refused(
        "whole microseconds, but is PT1.000000001S",
        () -> RateLimit.of(1, Duration.ofSeconds(1, 1)));
    refused("burst must be from 1 to 1000000, but is 0", () -> limit.tokenBucket().burst(0));
    refused("but is -1", () -> limit.gcra().burst(-1));
  }

  @Test
  void whatContradictsItselfIsRefused() {
    refused(
        "burst(5) is for tokenBucket() and gcra(), but the algorithm is SLIDING_WINDOW: say which one before the burst",
        () -> limit.burst(5));
    refused("but the algorithm is SLIDING_WINDOW", () -> limit.slidingWindow().burst(5));
    refused("but the algorithm is LEAKY_BUCKET", () -> limit.leakyBucket().burst(5));
    refused("was given TOKEN_BUCKET and GCRA", () -> limit.tokenBucket().gcra());
    refused("global() needs a rate limit", () -> RateLimit.none().global());
    refused("perPartition() needs a rate limit", () -> RateLimit.none().perPartition());
    refused("GCRA needs a rate limit", () -> RateLimit.none().gcra());
  }

  @Test
  void noneIsNone() {
    assertThat(RateLimit.none().isNone()).isTrue();
    assertThat(RateLimit.none()).isNotEqualTo(limit).hasToString("RateLimit[none]");
  }

  private static void refused(String reason, ThrowingCallable call) {
    assertThatIllegalArgumentException().isThrownBy(call).withMessageContaining(reason);
  }
}
