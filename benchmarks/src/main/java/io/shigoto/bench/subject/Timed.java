package io.shigoto.bench.subject;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;

/** What is told of work whose rate the subject takes itself. */
final class Timed extends LinkedHashMap<String, Object> {

  private Timed(Map<String, Object> told) {
    super(told);
  }

  /** Works on a thread of its own, and tells how many it did in how many seconds. */
  static void run(Mono<Long> work, Consumer<Timed> done) {
    Thread thread =
        new Thread(
            () -> {
              long began = System.nanoTime();
              Long n = work.block();
              long ended = System.nanoTime();
              done.accept(
                  new Timed(Map.of("n", n == null ? 0 : n, "seconds", (ended - began) / 1e9)));
            });
    thread.setDaemon(true);
    thread.start();
  }

  Timed with(String name, Object value) {
    put(name, value);
    return this;
  }
}
