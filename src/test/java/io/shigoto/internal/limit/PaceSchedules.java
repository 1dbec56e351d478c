package io.shigoto.internal.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.limit.Pace.Decision;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/** Random limits, random ways to use them, and what must hold of what started. */
public final class PaceSchedules {

  private PaceSchedules() {}

  public static RateLimit limit(RateLimit.Algorithm algorithm, Random random) {
    int permits = random.nextBoolean() ? 1 + random.nextInt(20) : 1 + random.nextInt(500);
    long micros = 1000 + random.nextLong(random.nextBoolean() ? 10_000 : 10_000_000);
    RateLimit limit = by(algorithm, RateLimit.of(permits, Duration.of(micros, ChronoUnit.MICROS)));
    boolean bursts =
        algorithm == RateLimit.Algorithm.TOKEN_BUCKET || algorithm == RateLimit.Algorithm.GCRA;
    return bursts && random.nextBoolean() ? limit.burst(1 + random.nextInt(50)) : limit;
  }

  public static RateLimit by(RateLimit.Algorithm algorithm, RateLimit limit) {
    return switch (algorithm) {
      case SLIDING_WINDOW -> limit.slidingWindow();
      case TOKEN_BUCKET -> limit.tokenBucket();
      case GCRA -> limit.gcra();
      case LEAKY_BUCKET -> limit.leakyBucket();
    };
  }

  public static long micros(RateLimit limit) {
    return limit.period().toNanos() / 1000;
  }

  /** How many a period has room for: starts that come singly are whole microseconds apart. */
  public static long perPeriod(RateLimit limit) {
    return limit.burst() > 1
        ? limit.permits()
        : micros(limit) / Drain.time(micros(limit), limit.permits());
  }

  /** The times of all starts, in order, with some permits given back on the way. */
  static List<Long> starts(RateLimit limit, Random random, int steps) {
    return history(limit, random, steps).starts();
  }

  static History history(RateLimit limit, Random random, int steps) {
    History history = new History(limit, random);
    for (int step = 0; step < steps; step++) {
      history.step();
    }
    return history;
  }

  /** Looks at every window that begins at a start; no other can hold more. */
  public static void assertKept(RateLimit limit, List<Long> starts, String what) {
    boolean window = limit.algorithm() == RateLimit.Algorithm.SLIDING_WINDOW;
    for (int from = 0; from < starts.size(); from++) {
      int most = window ? limit.permits() : limit.burst();
      for (int to = from + most; to < starts.size(); to++) {
        long apart = starts.get(to) - starts.get(from);
        long more = to - from + 1 - most;
        boolean kept =
            window ? apart >= micros(limit) : apart * limit.permits() >= more * micros(limit);
        assertThat(kept)
            .as("%s %s: starts %d to %d within %d us", limit, what, from, to, apart)
            .isTrue();
        if (window) {
          break;
        }
      }
    }
  }

  /** Bursts, trickles, pauses; what is taken is used or given back, at once or later. */
  static final class History {

    private final Pace pace;
    private final Random random;
    private final long period;
    private final int permits;
    private final List<Long> starts = new ArrayList<>();
    private final TreeMap<Long, Integer> unused = new TreeMap<>();
    private PaceState state = PaceState.FRESH;
    private long now;

    History(RateLimit limit, Random random) {
      this.pace = Pace.of(limit);
      this.random = random;
      this.period = micros(limit);
      this.permits = limit.permits();
      this.now = random.nextLong(-1_000_000_000_000L, 1_000_000_000_000_000L);
    }

    long now() {
      return now;
    }

    PaceState state() {
      return state;
    }

    List<Long> starts() {
      List<Long> sorted = new ArrayList<>(starts);
      Collections.sort(sorted);
      return sorted;
    }

    void step() {
      now += pause();
      int wanted = random.nextInt(4) == 0 ? 1 + random.nextInt(2 * permits) : 1;
      Decision decision = pace.next(state, wanted, now);
      assertThat(decision.granted()).isBetween(0, wanted);
      state = decision.state();
      int used =
          random.nextInt(3) == 0 ? random.nextInt(decision.granted() + 1) : decision.granted();
      for (int i = 0; i < used; i++) {
        starts.add(now);
      }
      if (used < decision.granted()) {
        unused.merge(now, decision.granted() - used, Integer::sum);
      }
      if (!unused.isEmpty() && random.nextBoolean()) {
        var taken = unused.pollFirstEntry();
        state = pace.giveBack(state, taken.getValue(), taken.getKey(), now);
      }
    }

    private long pause() {
      return switch (random.nextInt(6)) {
        case 0 -> 0;
        case 1 -> random.nextLong(2 * period);
        case 2 -> Math.max(0, pace.next(state, 0, now).nextAt() - now);
        default -> random.nextLong(3 * period / permits + 1);
      };
    }
  }
}
