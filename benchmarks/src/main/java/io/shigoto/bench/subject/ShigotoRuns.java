package io.shigoto.bench.subject;

import io.shigoto.Shigoto;
import io.shigoto.ShigotoBuilder;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;

/** A node as an application would build it, with a worker that does nothing. */
final class ShigotoRuns implements Subject {

  static final Duration LIMIT = Duration.ofMinutes(2);

  /**
   * {@code drain} counts the jobs; {@code serve} notes when each was started; {@code idle} has as
   * many queues as the order's concurrency says, all empty.
   */
  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) {
    AtomicInteger performed = new AtomicInteger();
    Starts starts = new Starts(order.what().equals("serve") ? order.jobs() : 0);
    ShigotoBuilder builder = builder(order, job -> starts.note(job), performed, done);
    if (order.what().equals("idle")) {
      for (int i = 0; i < order.concurrency(); i++) {
        builder.queue("queue-" + i, 10);
      }
    } else {
      builder.queue("default", order.concurrency());
    }
    Shigoto node = builder.build();
    node.start().block(LIMIT);
    return () -> {
      node.stop(Duration.ofSeconds(10)).block(LIMIT);
      Map<String, Object> told = new LinkedHashMap<>();
      told.put("performed", performed.get());
      if (order.what().equals("serve")) {
        told.putAll(starts.told());
      }
      return told;
    };
  }

  /** A node whose worker counts, and tells when it has done so many. */
  static ShigotoBuilder builder(
      Order order,
      Consumer<JobContext<Numbered>> note,
      AtomicInteger performed,
      Consumer<Map<String, Object>> done) {
    ShigotoBuilder builder = Shigoto.builder(order.database().connectionFactory());
    if (order.config().equals("callback")) {
      builder =
          builder.worker(Worker.of("callback", Object.class, job -> Mono.just(Outcome.done())));
    }
    if (order.config().equals("limited")) {
      builder = builder.worker(new Limited());
    }
    return builder.worker(
        Worker.of(
            "noop",
            Numbered.class,
            job -> {
              note.accept(job);
              if (performed.incrementAndGet() == order.jobs()) {
                done.accept(Map.of());
              }
              return Mono.just(Outcome.done());
            }));
  }
}
