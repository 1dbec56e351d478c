package io.shigoto.bench.inner;

import io.shigoto.internal.flow.GroupCommit;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An item through the group commit, with a write that takes no time. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class GroupBench {

  private static final int ITEMS = 10_000;

  /** How many callers wait at the same time. */
  @Param({"1", "500"})
  public int callers;

  private final GroupCommit<Integer, Integer> group =
      new GroupCommit<>(Mono::just, error -> false, item -> 4, 1000, 2);

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public Long submit() {
    return Flux.range(0, ITEMS).flatMap(group::submit, callers, 1).count().block();
  }
}
