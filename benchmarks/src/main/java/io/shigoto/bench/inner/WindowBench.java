package io.shigoto.bench.inner;

import io.shigoto.internal.flow.Slots;
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
import reactor.core.publisher.Sinks;

/** A run through a window of others that do not end: the library's own flatMap and Reactor's. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class WindowBench {

  private static final int RUNS = 10_000;

  /** How many others are under way. */
  @Param({"10", "2000"})
  public int width;

  @Benchmark
  @OperationsPerInvocation(RUNS)
  public Long slots() {
    return ended(Slots.merge(runs(), width + 1, run -> run));
  }

  @Benchmark
  @OperationsPerInvocation(RUNS)
  public Long flatMap() {
    return ended(runs().flatMap(run -> run, width + 1, 1));
  }

  private Flux<Mono<Integer>> runs() {
    Sinks.One<Integer> never = Sinks.one();
    return Flux.concat(
        Flux.range(0, width).map(i -> never.asMono()),
        Flux.range(0, RUNS).map(i -> Mono.just(i).hide()));
  }

  private static Long ended(Flux<Integer> runs) {
    return runs.take(RUNS).count().block();
  }
}
