package io.shigoto.bench.inner;

import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.run.Transition;
import io.shigoto.worker.Outcome;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import tools.jackson.databind.json.JsonMapper;

/** From an outcome to what is written about it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TransitionBench {

  private final Transition transition =
      new Transition("node", new Json(JsonMapper.builder().build(), 1024 * 1024));
  private final RunKey run = new RunKey(17, 1, "default", "mail", 1, 3);
  private final Outcome done = Outcome.done();
  private final Outcome failed = Outcome.failed(new IllegalStateException("no such customer"));

  @Benchmark
  public Settlement done() {
    return transition.of(run, done, null);
  }

  @Benchmark
  public Settlement failed() {
    return transition.of(run, failed, null);
  }
}
