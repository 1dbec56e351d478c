package io.shigoto.bench.subject;

import io.shigoto.Shigoto;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;

/** A node as an application would build it, with a worker that does nothing. */
final class ShigotoDrain implements Subject {

  private static final Duration LIMIT = Duration.ofMinutes(2);

  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) {
    AtomicInteger performed = new AtomicInteger();
    Shigoto node =
        Shigoto.builder(order.database().connectionFactory())
            .worker(
                Worker.of(
                    "noop",
                    Numbered.class,
                    job -> {
                      if (performed.incrementAndGet() == order.jobs()) {
                        done.accept(Map.of());
                      }
                      return Mono.just(Outcome.done());
                    }))
            .queue("default", order.concurrency())
            .build();
    node.start().block(LIMIT);
    return () -> {
      node.stop(Duration.ofSeconds(10)).block(LIMIT);
      return Map.of("performed", performed.get());
    };
  }
}
