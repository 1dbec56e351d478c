package io.shigoto.internal.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.limit.Breaker.State;
import io.shigoto.worker.CircuitBreaker;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BreakerTest {

  private static final int ROUNDS = 300;
  private static final long SECOND = 1_000_000;

  private final Breaker breaker =
      new Breaker(CircuitBreaker.standard().window(4).percent(50).open(Duration.ofSeconds(1)));

  @Test
  void itOpensWhenTheWindowIsFullAndSoManyFailed() {
    State state = results(breaker.fresh(), true, true, false);
    assertThat(Breaker.isClosed(state)).isTrue();
    assertThat(breaker.allows(state, 10)).isEqualTo(10);

    state = results(state, false);

    assertThat(state).isEqualTo(new Breaker.Open(1, SECOND));
    assertThat(breaker.allows(state, 10)).isZero();
  }

  @Test
  void oldResultsLeaveTheWindow() {
    State state = results(breaker.fresh(), true, false, false, false, false, true, false, false);
    assertThat(Breaker.isClosed(state)).isTrue();

    assertThat(Breaker.isClosed(results(state, true))).isFalse();
  }

  @Test
  void afterItsTimeItLetsProbesThroughAndNoMore() {
    State open = results(breaker.fresh(), true, true, true, true);
    assertThat(breaker.at(open, SECOND - 1)).isEqualTo(open);

    State half = breaker.at(open, SECOND);

    assertThat(half).isEqualTo(new Breaker.HalfOpen(2, 0, 0, 0));
    assertThat(breaker.allows(half, 10)).isEqualTo(3);
    assertThat(breaker.allows(breaker.take(half, 2), 10)).isOne();
    assertThat(breaker.allows(breaker.take(half, 3), 10)).isZero();
    assertThat(breaker.allows(breaker.giveBack(breaker.take(half, 3), 2, 2), 10)).isEqualTo(2);
  }

  @Test
  void theProbesDecide() {
    State half = breaker.take(new Breaker.HalfOpen(2, 0, 0, 0), 3);

    assertThat(Breaker.isClosed(results(half, true, false))).isFalse();
    assertThat(results(half, true, false)).isEqualTo(new Breaker.HalfOpen(2, 1, 1, 1));
    assertThat(Breaker.isClosed(results(half, true, false, false))).isTrue();
    assertThat(results(half, true, true)).isEqualTo(new Breaker.Open(3, SECOND));
    assertThat(Breaker.isClosed(results(half, false, false))).isTrue();
  }

  @Test
  void aRunThatWasClaimedBeforeSaysNothing() {
    State half = breaker.take(new Breaker.HalfOpen(2, 0, 0, 0), 3);

    assertThat(breaker.result(half, 0, false, 0)).isEqualTo(half);
    assertThat(breaker.result(half, 0, true, 0)).isEqualTo(half);
    assertThat(breaker.giveBack(half, 0, 1)).isEqualTo(half);
    State open = new Breaker.Open(3, SECOND);
    assertThat(breaker.result(open, 2, false, 0)).isEqualTo(open);
    State closed = breaker.result(breaker.result(half, 2, false, 0), 2, false, 0);
    assertThat(breaker.result(closed, 2, true, 0)).isEqualTo(closed);
  }

  /** Against a plain list of the last results. */
  @Test
  void itIsOpenExactlyWhenTheListSaysSo() {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      int window = 1 + random.nextInt(150);
      int percent = 1 + random.nextInt(100);
      Breaker any = new Breaker(CircuitBreaker.standard().window(window).percent(percent));
      int failures = random.nextInt(101);
      State state = any.fresh();
      ArrayDeque<Boolean> last = new ArrayDeque<>();
      for (int i = 0; i < 1000; i++) {
        boolean failed = random.nextInt(100) < failures;
        last.add(failed);
        if (last.size() > window) {
          last.poll();
        }
        long count = last.stream().filter(was -> was).count();
        boolean opens = last.size() == window && count * 100 >= (long) percent * window;

        state = any.result(state, state.term(), failed, 0);

        assertThat(Breaker.isClosed(state)).as("seed %d, result %d", seed, i).isEqualTo(!opens);
        if (opens) {
          last.clear();
          state = any.fresh();
        }
      }
    }
  }

  /** Whatever happened: once jobs succeed, it closes after its time. */
  @Test
  void itNeverStaysOpen() {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      CircuitBreaker options =
          CircuitBreaker.standard()
              .window(1 + random.nextInt(30))
              .percent(1 + random.nextInt(100))
              .probes(1 + random.nextInt(10));
      Breaker any = new Breaker(options);
      long now = 0;
      State state = any.fresh();
      ArrayDeque<Long> running = new ArrayDeque<>();
      for (int i = 0; i < 500; i++) {
        now += random.nextLong(5 * SECOND);
        state = any.at(state, now);
        int taken = random.nextInt(any.allows(state, 5) + 1);
        state = any.take(state, taken);
        for (int job = 0; job < taken; job++) {
          running.add(state.term());
        }
        while (!running.isEmpty() && random.nextBoolean()) {
          long term = running.poll();
          state =
              random.nextInt(4) == 0
                  ? any.giveBack(state, term, 1)
                  : any.result(state, term, random.nextInt(3) > 0, now);
        }
        assertThat(any.allows(state, 1000)).isNotNegative();
      }
      for (long term : running) {
        state = any.giveBack(state, term, 1);
      }
      state = any.at(state, now + options.open().toNanos() / 1000);
      for (int probe = 0; probe < options.probes() && !Breaker.isClosed(state); probe++) {
        assertThat(any.allows(state, 1)).isOne();
        state = any.result(any.take(state, 1), state.term(), false, now);
      }

      boolean hadFailures = state instanceof Breaker.HalfOpen half && half.failed() > 0;
      assertThat(Breaker.isClosed(state) || hadFailures).as("seed %d", seed).isTrue();
    }
  }

  private State results(State state, boolean... failures) {
    State next = state;
    for (boolean failed : failures) {
      next = breaker.result(next, state.term(), failed, 0);
    }
    return next;
  }
}
