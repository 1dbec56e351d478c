package io.shigoto.bench.subject;

import io.shigoto.Shigoto;
import io.shigoto.job.NewJob;
import io.shigoto.job.Receipt;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A node that only enqueues: one by one from so many callers, or all with one call. */
final class ShigotoEnqueues implements Subject {

  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) {
    Shigoto node = Shigoto.builder(order.database().connectionFactory()).build();
    node.start().block(ShigotoRuns.LIMIT);
    Mono<Long> work = order.what().equals("enqueueAll") ? all(node, order) : each(node, order);
    Timed.run(work, told -> done.accept(told.with("heap_mb", peakOfHeap())));
    return () -> {
      node.stop(Duration.ZERO).block(ShigotoRuns.LIMIT);
      return Map.of();
    };
  }

  /** Each caller waits for its commit before its next job. */
  private static Mono<Long> each(Shigoto node, Order order) {
    int callers = order.concurrency();
    int perCaller = order.jobs() / callers;
    return Flux.range(0, callers)
        .flatMap(
            caller ->
                Flux.range(0, perCaller)
                    .concatMap(i -> node.enqueue(job(caller * perCaller + i)), 0),
            callers)
        .count();
  }

  private static Mono<Long> all(Shigoto node, Order order) {
    Flux<Receipt> receipts = node.enqueueAll(Flux.range(0, order.jobs()).map(ShigotoEnqueues::job));
    return receipts.count();
  }

  static NewJob job(int i) {
    return NewJob.of("noop", new Numbered(i));
  }

  /** What the heap held at its fullest, garbage included. */
  private static long peakOfHeap() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
            .filter(pool -> pool.getType() == java.lang.management.MemoryType.HEAP)
            .map(MemoryPoolMXBean::getPeakUsage)
            .filter(Objects::nonNull)
            .mapToLong(usage -> usage.getUsed())
            .sum()
        / (1024 * 1024);
  }
}
