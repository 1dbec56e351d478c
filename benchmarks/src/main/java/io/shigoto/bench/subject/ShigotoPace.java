package io.shigoto.bench.subject;

import io.shigoto.Shigoto;
import io.shigoto.ShigotoBuilder;
import io.shigoto.job.NewJob;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;

/**
 * Enqueues at a pace and notes when each job was committed: from a node of its own, or ({@code
 * serve-and-produce}) from the node that runs them.
 */
final class ShigotoPace implements Subject {

  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) {
    boolean serves = order.what().equals("serve-and-produce");
    Starts starts = new Starts(serves ? order.jobs() : 0);
    ShigotoBuilder builder =
        ShigotoRuns.builder(order, starts::note, new AtomicInteger(), told -> {});
    if (serves) {
      builder.queue("default", order.concurrency());
    }
    Shigoto node = builder.build();
    node.start().block(ShigotoRuns.LIMIT);
    long[] commits = new long[order.jobs()];
    Thread thread = new Thread(() -> produce(node, order, commits, done));
    thread.setDaemon(true);
    thread.start();
    return () -> {
      node.stop(Duration.ofSeconds(10)).block(ShigotoRuns.LIMIT);
      return serves ? starts.told() : Map.of();
    };
  }

  private static void produce(
      Shigoto node, Order order, long[] commits, Consumer<Map<String, Object>> done) {
    long began = System.nanoTime();
    AtomicInteger committed = new AtomicInteger();
    for (int from = 0; from < order.jobs(); from += order.group()) {
      long due = began + from / order.group() * order.everyMicros() * 1000;
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      int first = from;
      int n = Math.min(order.group(), order.jobs() - from);
      Runnable all =
          () -> {
            if (committed.addAndGet(n) == order.jobs()) {
              Map<String, Object> told = new LinkedHashMap<>();
              told.put("commits", commits);
              told.put("seconds", (System.nanoTime() - began) / 1e9);
              done.accept(told);
            }
          };
      if (n == 1) {
        node.enqueue(job(order, first))
            .doOnNext(receipt -> commits[first] = System.nanoTime())
            .subscribe(receipt -> all.run(), Throwable::printStackTrace);
      } else {
        node.enqueueAll(Flux.range(first, n).map(i -> job(order, i)))
            .index()
            .doOnNext(receipt -> commits[first + receipt.getT1().intValue()] = System.nanoTime())
            .subscribe(receipt -> {}, Throwable::printStackTrace, all);
      }
    }
  }

  private static NewJob job(Order order, int i) {
    NewJob job = ShigotoEnqueues.job(i);
    return order.delayMillis() == 0 ? job : job.delay(Duration.ofMillis(order.delayMillis()));
  }
}
