package io.shigoto.bench.subject;

import io.shigoto.Shigoto;
import io.shigoto.job.NewJob;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A node that enqueues and runs until it is stopped: at each tick a group of jobs with one call,
 * and a tenth as many one by one. A tick for which the last has not ended is left out.
 */
final class ShigotoSoak implements Subject {

  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) {
    AtomicInteger performed = new AtomicInteger();
    Shigoto node =
        ShigotoRuns.builder(order, job -> {}, performed, told -> {})
            .queue("default", order.concurrency())
            .build();
    node.start().block(ShigotoRuns.LIMIT);
    Disposable ticks =
        Flux.interval(Duration.ofNanos(order.everyMicros() * 1000))
            .onBackpressureDrop()
            .concatMap(tick -> tick(node, order.group()), 1)
            .subscribe(sent -> {}, Throwable::printStackTrace);
    return () -> {
      ticks.dispose();
      node.stop(Duration.ofSeconds(10)).block(ShigotoRuns.LIMIT);
      return Map.of("performed", performed.get());
    };
  }

  private static Mono<Long> tick(Shigoto node, int group) {
    Flux<NewJob> jobs = Flux.range(0, group).map(ShigotoEnqueues::job);
    return Flux.concat(
            node.enqueueAll(jobs), jobs.take(Math.max(1, group / 10)).flatMap(node::enqueue))
        .count();
  }
}
