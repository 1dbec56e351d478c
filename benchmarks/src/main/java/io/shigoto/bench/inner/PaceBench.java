package io.shigoto.bench.inner;

import io.shigoto.internal.limit.Pace;
import io.shigoto.internal.limit.PaceState;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One step of a rate limit. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class PaceBench {

  /** The algorithm. */
  @Param({"tokenBucket", "slidingWindow", "gcra", "leakyBucket"})
  public String algorithm;

  private Pace pace;
  private PaceState state;
  private long now;

  @Setup
  public void begin() {
    RateLimit limit = RateLimit.of(1000, Duration.ofSeconds(1));
    pace =
        Pace.of(
            switch (algorithm) {
              case "tokenBucket" -> limit.tokenBucket();
              case "slidingWindow" -> limit.slidingWindow();
              case "gcra" -> limit.gcra();
              default -> limit.leakyBucket();
            });
    state = PaceState.FRESH;
  }

  @Benchmark
  public int next() {
    now += 500;
    Pace.Decision decision = pace.next(state, 1, now);
    state = decision.state();
    return decision.granted();
  }
}
