package io.shigoto.internal.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.limit.Pace.Decision;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What each algorithm promises, tried with random limits and random schedules. */
class PaceTest {

  private static final int ROUNDS = 300;
  private static final int STEPS = 300;

  @ParameterizedTest
  @EnumSource
  void noWindowHasMoreStartsThanTheAlgorithmAllows(RateLimit.Algorithm algorithm) {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      RateLimit limit = PaceSchedules.limit(algorithm, random);
      List<Long> starts = PaceSchedules.starts(limit, random, STEPS);

      PaceSchedules.assertKept(limit, starts, "seed " + seed);
    }
  }

  /** Who always comes when the limit says so gets all of it. */
  @ParameterizedTest
  @EnumSource
  void underLoadTheFullRateIsReached(RateLimit.Algorithm algorithm) {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      RateLimit limit = PaceSchedules.limit(algorithm, random);
      long period = PaceSchedules.micros(limit);
      Pace pace = Pace.of(limit);
      long from = random.nextLong(-1_000_000_000_000L, 1_000_000_000_000L);
      long until = from + 40 * period;
      long started = 0;
      Decision decision = new Decision(PaceState.FRESH, 0, from);
      while (decision.nextAt() < until) {
        decision = pace.next(decision.state(), 1 + random.nextInt(50), decision.nextAt());
        assertThat(decision.granted()).as("at the time that it told, seed %d", seed).isPositive();
        started += decision.granted();
      }

      assertThat(started)
          .as("%s seed %d", limit, seed)
          .isGreaterThanOrEqualTo(40 * PaceSchedules.perPeriod(limit));
    }
  }

  /** A trickle before does not make it any slower once there is load. */
  @ParameterizedTest
  @EnumSource
  void afterAnyHistoryTheFullRateIsReached(RateLimit.Algorithm algorithm) {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      RateLimit limit = PaceSchedules.limit(algorithm, random);
      long period = PaceSchedules.micros(limit);
      Pace pace = Pace.of(limit);
      PaceSchedules.History history = PaceSchedules.history(limit, random, STEPS);
      Decision decision = new Decision(history.state(), 0, history.now());
      long settled = history.now() + 2 * period;
      long until = settled + 30 * period;
      long started = 0;
      while (decision.nextAt() < until) {
        long now = decision.nextAt();
        decision = pace.next(decision.state(), 1000, now);
        started += now >= settled ? decision.granted() : 0;
      }

      assertThat(started)
          .as("%s seed %d", limit, seed)
          .isGreaterThanOrEqualTo(29 * PaceSchedules.perPeriod(limit));
    }
  }

  @ParameterizedTest
  @EnumSource
  void beforeTheTimeThatItTellsNothingStarts(RateLimit.Algorithm algorithm) {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      RateLimit limit = PaceSchedules.limit(algorithm, random);
      Pace pace = Pace.of(limit);
      PaceSchedules.History history = PaceSchedules.history(limit, random, STEPS);

      Decision all = pace.next(history.state(), Integer.MAX_VALUE, history.now());

      assertThat(all.nextAt()).isGreaterThan(history.now());
      assertThat(pace.next(all.state(), 1, all.nextAt() - 1).granted()).isZero();
      assertThat(pace.next(all.state(), 1, all.nextAt()).granted()).isOne();
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsGivenBackAtOnceIsAsIfItHadNotBeenTaken(RateLimit.Algorithm algorithm) {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      RateLimit limit = PaceSchedules.limit(algorithm, random);
      Pace pace = Pace.of(limit);
      PaceSchedules.History history = PaceSchedules.history(limit, random, STEPS);
      long now = history.now();
      PaceState before = pace.next(history.state(), 0, now).state();

      Decision taken = pace.next(before, 1 + random.nextInt(100), now);
      PaceState after = pace.giveBack(taken.state(), taken.granted(), now, now);

      assertThat(pace.next(after, Integer.MAX_VALUE, now).granted())
          .isEqualTo(pace.next(before, Integer.MAX_VALUE, now).granted());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aClockThatStepsBackBlocksForAPeriodAtMostAndMakesNothingMorePermissive(
      RateLimit.Algorithm algorithm) {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      RateLimit limit = PaceSchedules.limit(algorithm, random);
      Pace pace = Pace.of(limit);
      PaceSchedules.History history = PaceSchedules.history(limit, random, STEPS);
      Decision all = pace.next(history.state(), Integer.MAX_VALUE, history.now());
      long back = history.now() - random.nextLong(100_000_000_000L);

      Decision decision = pace.next(all.state(), Integer.MAX_VALUE, back);

      assertThat(decision.granted()).isZero();
      assertThat(decision.nextAt() - back).isBetween(1L, PaceSchedules.micros(limit));
    }
  }

  /** Token bucket, GCRA and leaky bucket are three forms of one law. */
  @Test
  void withTheSameBurstTheBucketsAgree() {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      RateLimit any = PaceSchedules.limit(RateLimit.Algorithm.GCRA, random);
      RateLimit plain = RateLimit.of(any.permits(), any.period());

      assertThat(
              PaceSchedules.starts(plain.tokenBucket().burst(any.burst()), new Random(seed), STEPS))
          .isEqualTo(
              PaceSchedules.starts(plain.gcra().burst(any.burst()), new Random(seed), STEPS));
      assertThat(PaceSchedules.starts(plain.leakyBucket(), new Random(seed), STEPS))
          .isEqualTo(PaceSchedules.starts(plain.gcra(), new Random(seed), STEPS));
    }
  }

  /** A third of a microsecond lost each time would be a second after 3 million starts. */
  @ParameterizedTest
  @EnumSource(names = {"TOKEN_BUCKET", "GCRA"})
  void partsOfAMicrosecondAreNotLost(RateLimit.Algorithm algorithm) {
    RateLimit limit = PaceSchedules.by(algorithm, RateLimit.of(3, Duration.ofMillis(1))).burst(2);
    Pace pace = Pace.of(limit);
    Decision decision = new Decision(PaceState.FRESH, 0, 0);
    for (int i = 0; i < 3_000_002; i++) {
      decision = pace.next(decision.state(), 1, decision.nextAt());
    }

    assertThat(decision.nextAt()).isEqualTo(1_000_000_334);
  }

  @ParameterizedTest
  @EnumSource
  void theLargestLimitsDoNotOverflow(RateLimit.Algorithm algorithm) {
    RateLimit limit =
        PaceSchedules.by(algorithm, RateLimit.of(RateLimit.MOST_PERMITS, RateLimit.LONGEST_PERIOD));
    if (algorithm == RateLimit.Algorithm.GCRA || algorithm == RateLimit.Algorithm.TOKEN_BUCKET) {
      limit = limit.burst(RateLimit.MOST_PERMITS);
    }
    Pace pace = Pace.of(limit);
    long epoch = 1_800_000_000_000_000L;
    Decision first = pace.next(PaceState.FRESH, Integer.MAX_VALUE, epoch);
    assertThat(first.granted()).isEqualTo(limit.burst());
    assertThat(pace.next(first.state(), 1, epoch).granted()).isZero();
    long later = epoch + 10 * PaceSchedules.micros(limit);
    assertThat(pace.next(first.state(), Integer.MAX_VALUE, later).granted())
        .isEqualTo(limit.burst());
    assertThat(pace.giveBack(first.state(), first.granted(), epoch, epoch))
        .satisfies(
            state ->
                assertThat(pace.next(state, Integer.MAX_VALUE, epoch).granted())
                    .isEqualTo(first.granted()));
  }

  @ParameterizedTest
  @EnumSource
  void theStateIsAFewNumbersAndComesBackFromThem(RateLimit.Algorithm algorithm) {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      RateLimit limit = PaceSchedules.limit(algorithm, random);
      PaceState state = PaceSchedules.history(limit, random, STEPS).state();

      assertThat(state.values().length).isLessThanOrEqualTo(32);
      assertThat(PaceState.of(state.values())).isEqualTo(state).hasSameHashCodeAs(state);
    }
  }

  @Test
  void upToSixteenPermitsTheSlidingWindowIsExact() {
    Pace pace = Pace.of(RateLimit.of(16, Duration.ofSeconds(1)));
    Random random = new Random(1);
    PaceState state = PaceState.FRESH;
    ArrayDeque<Long> window = new ArrayDeque<>();
    long now = 0;
    for (int step = 0; step < 20_000; step++) {
      now += random.nextInt(60_000);
      while (!window.isEmpty() && window.peek() <= now - 1_000_000) {
        window.poll();
      }
      Decision decision = pace.next(state, 1, now);

      assertThat(decision.granted()).isEqualTo(window.size() < 16 ? 1 : 0);
      state = decision.state();
      if (decision.granted() == 1) {
        window.add(now);
      }
    }
  }
}
