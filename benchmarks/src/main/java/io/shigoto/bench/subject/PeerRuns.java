package io.shigoto.bench.subject;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** What the subjects on threads and JDBC have in common. */
final class PeerRuns {

  private PeerRuns() {}

  /** Connections as HikariCP gives them, at most 20: more did not make any peer faster. */
  static HikariDataSource pool(Order order, int wanted, String more) {
    Target target = order.database();
    HikariConfig config = new HikariConfig();
    config.setJdbcUrl(
        "jdbc:postgresql://%s:%d/%s%s"
            .formatted(target.host(), target.port(), target.database(), more));
    config.setUsername(target.user());
    config.setPassword(target.password());
    config.setMaximumPoolSize(Math.max(4, Math.min(20, wanted)));
    return new HikariDataSource(config);
  }

  /** Counts jobs; tells when the first one was started, once so many were run. */
  static IntConsumer counting(Order order, Consumer<Map<String, Object>> done) {
    AtomicInteger performed = new AtomicInteger();
    AtomicLong first = new AtomicLong();
    return i -> {
      int n = performed.incrementAndGet();
      if (n == 1) {
        first.set(System.nanoTime());
      }
      if (n == order.jobs()) {
        done.accept(Map.of("first_ns", first.get()));
      }
    };
  }

  /** Each caller is a thread that waits for its commit before its next job. */
  static void enqueue(Order order, IntConsumer one, Consumer<Map<String, Object>> done) {
    int callers = order.concurrency();
    int perCaller = order.jobs() / callers;
    new Thread(
            () -> {
              ExecutorService threads = Executors.newFixedThreadPool(callers);
              long began = System.nanoTime();
              for (int caller = 0; caller < callers; caller++) {
                int from = caller * perCaller;
                threads.execute(
                    () -> {
                      for (int i = from; i < from + perCaller; i++) {
                        one.accept(i);
                      }
                    });
              }
              threads.shutdown();
              try {
                threads.awaitTermination(10, TimeUnit.MINUTES);
              } catch (InterruptedException e) {
                throw new IllegalStateException(e);
              }
              Map<String, Object> told = new LinkedHashMap<>();
              told.put("n", callers * perCaller);
              told.put("seconds", (System.nanoTime() - began) / 1e9);
              done.accept(told);
            })
        .start();
  }
}
