package io.shigoto.internal.permit;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.limit.PaceSchedules;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the queues of a node may claim, in virtual time. */
class AllowancesTest {

  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final int ROUNDS = 40;

  @ParameterizedTest
  @EnumSource
  void startsKeepTheRateHoweverSlowClaimsAndThreadsAre(RateLimit.Algorithm algorithm) {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      RateLimit limit = PaceSchedules.limit(algorithm, random);
      SimulatedNode node =
          new SimulatedNode(random, Limited.free("limited").rate(limit), Limited.free("free"));
      node.runMicros = random.nextLong(20_000);
      node.hopMicros = random.nextLong(5_000);
      SimulatedQueue one = node.queue(1 + random.nextInt(50), 1 + random.nextLong(10_000));
      SimulatedQueue two = node.queue(1 + random.nextInt(50), 1 + random.nextLong(10_000));
      for (int i = 0; i < 10; i++) {
        one.enqueue("limited", random.nextInt(100));
        two.enqueue("limited", random.nextInt(100));
        two.enqueue("free", random.nextInt(100));
        node.pass(Duration.ofMillis(random.nextInt(100)));
      }
      int left = one.left("limited") + two.left("limited");
      int all = node.starts("limited").size() + left;
      node.pass(
          limit.period().multipliedBy(left / limit.permits() + 5).plus(SECOND.multipliedBy(20)));

      assertThat(one.left("limited") + two.left("limited") + two.left("free"))
          .as("left, seed %d", seed)
          .isZero();
      assertThat(node.starts("limited")).hasSizeGreaterThanOrEqualTo(all);
      PaceSchedules.assertKept(limit, node.starts("limited"), "seed " + seed);
    }
  }

  @ParameterizedTest
  @EnumSource
  void underLoadTheFullRateIsReached(RateLimit.Algorithm algorithm) {
    for (int perSecond : List.of(1, 10, 100, 300, 1000)) {
      RateLimit limit = PaceSchedules.by(algorithm, RateLimit.of(perSecond, SECOND));
      SimulatedNode node =
          new SimulatedNode(new Random(perSecond), Limited.free("limited").rate(limit));
      node.hopMicros = 10;
      SimulatedQueue queue = node.queue(50, 5_000);
      queue.enqueue("limited", 1_000_000);
      node.pass(SECOND.multipliedBy(100));

      int started = node.starts("limited").size();
      assertThat(started).isGreaterThan(95 * perSecond);
      assertThat(queue.emptyClaims).isZero();
      assertThat(queue.claims).isLessThanOrEqualTo(100 * Math.min(perSecond + 1, 210));
    }
  }

  @Test
  void theOthersOfTheQueueFlowAtFullSpeed() {
    SimulatedNode node =
        new SimulatedNode(
            new Random(1),
            Limited.free("limited").rate(RateLimit.of(10, SECOND)),
            Limited.free("free"));
    SimulatedQueue queue = node.queue(10, 1_000);
    queue.enqueue("limited", 1_000_000);
    queue.enqueue("free", 1_000_000);
    node.pass(SECOND.multipliedBy(10));

    assertThat(node.starts("limited")).hasSizeBetween(100, 110);
    SimulatedNode alone = new SimulatedNode(new Random(1), Limited.free("free"));
    SimulatedQueue same = alone.queue(10, 1_000);
    same.enqueue("free", 1_000_000);
    alone.pass(SECOND.multipliedBy(10));
    assertThat(node.starts("free").size()).isGreaterThan(alone.starts("free").size() * 98 / 100);
  }

  @Test
  void concurrencyHoldsAcrossQueuesAndAllOfItIsUsed() {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      int most = 1 + random.nextInt(20);
      SimulatedNode node =
          new SimulatedNode(
              random, Limited.free("limited").concurrency(most), Limited.free("free"));
      node.runMicros = 1 + random.nextLong(20_000);
      List<SimulatedQueue> queues =
          List.of(node.queue(10, 2_000), node.queue(1, 2_000), node.queue(30, 2_000));
      for (int i = 0; i < 100; i++) {
        SimulatedQueue queue = queues.get(random.nextInt(3));
        queue.enqueue(random.nextBoolean() ? "limited" : "free", random.nextInt(20));
        node.pass(Duration.ofMillis(random.nextInt(10)));
      }
      node.pass(SECOND.multipliedBy(100));

      queues.forEach(queue -> assertThat(queue.left("limited") + queue.left("free")).isZero());
      assertThat(node.mostHeld.get("limited")).as("seed %d", seed).isEqualTo(most);
    }
  }

  @Test
  void allNamesOfAWorkerShareItsLimitsAndNoneStarves() {
    SimulatedNode node =
        new SimulatedNode(
            new Random(1), Limited.free("new").alias("old").concurrency(1), Limited.free("free"));
    SimulatedQueue queue = node.queue(10, 1_000);
    queue.enqueue("new", 1_000_000);
    queue.enqueue("old", 1_000_000);
    node.pass(SECOND.multipliedBy(10));

    assertThat(node.mostHeld.get("new")).isOne();
    assertThat(node.mostInAll).isOne();
    int all = node.starts("new").size() + node.starts("old").size();
    assertThat(node.starts("old").size()).isBetween(all / 4, 3 * all / 4);
  }

  @Test
  void aLimitIsToldWhenItBeginsAndNotTooOften() {
    SimulatedNode node =
        new SimulatedNode(
            new Random(1),
            Limited.free("rated").rate(RateLimit.of(100, SECOND)),
            Limited.free("few").concurrency(2));
    SimulatedQueue queue = node.queue(10, 1_000);
    queue.enqueue("rated", 5_000);
    queue.enqueue("few", 100_000);
    node.pass(SECOND.multipliedBy(20));
    assertThat(node.kinds(JobEvent.Kind.RATE_LIMITED)).isOne();
    assertThat(node.kinds(JobEvent.Kind.BULKHEAD_FULL)).isOne();
    assertThat(node.events.get(0).worker()).isIn("rated", "few");

    node.pass(SECOND.multipliedBy(60));
    queue.enqueue("rated", 1_000);
    node.pass(SECOND);

    assertThat(node.kinds(JobEvent.Kind.RATE_LIMITED)).isEqualTo(2);
  }
}
