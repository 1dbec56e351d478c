package io.shigoto;

import io.shigoto.support.TestDatabase;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Stream;
import reactor.core.publisher.Mono;

/**
 * Counts the runs of all nodes of a test: how many there are at the same time, in all or by key.
 */
final class Crowd {

  static final String ALL = "";

  private final Function<JobContext<?>, String> key;
  private final Map<String, AtomicInteger> now = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> most = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> byNode = new ConcurrentHashMap<>();

  private Crowd(Function<JobContext<?>, String> key) {
    this.key = key;
  }

  static Crowd inAll() {
    return new Crowd(job -> ALL);
  }

  static Crowd byPartition() {
    return new Crowd(job -> job.partitionKey() == null ? ALL : job.partitionKey());
  }

  /** A run that takes so long, from its subscription to its end, by cancel too. */
  Mono<Outcome> run(String node, JobContext<?> job, Duration time) {
    return Mono.using(
        () -> begin(node, key.apply(job)),
        group -> {
          Mono<Outcome> end = Mono.just(Outcome.done());
          return time.isZero() ? end : end.delayElement(time);
        },
        group -> count(now, group).decrementAndGet(),
        // Before the outcome is emitted: what comes after it may already be the next run.
        true);
  }

  private String begin(String node, String group) {
    int present = count(now, group).incrementAndGet();
    count(most, group).accumulateAndGet(present, Math::max);
    count(byNode, node).incrementAndGet();
    return group;
  }

  int most(String group) {
    return count(most, group).get();
  }

  int now(String group) {
    return count(now, group).get();
  }

  Stream<String> groups() {
    return most.keySet().stream();
  }

  Set<String> nodes() {
    return byNode.keySet();
  }

  /**
   * The most runs at the same time that the history of ended jobs tells of.
   *
   * @param which SQL: of these jobs
   * @param by SQL: what of a job those have in common that are counted together
   */
  static long mostByHistory(TestDatabase db, String which, String by) {
    return db.number(
        """
        SELECT coalesce(max(runs), 0)
          FROM (SELECT sum(step) OVER (PARTITION BY shared ORDER BY at, step) AS runs
                  FROM (SELECT %1$s AS shared, claimed_at AS at, 1 AS step
                          FROM shigoto.job_history WHERE %2$s
                        UNION ALL
                        SELECT %1$s, finished_at, -1
                          FROM shigoto.job_history WHERE %2$s) AS steps) AS sums
        """
            .formatted(by, which));
  }

  private static AtomicInteger count(Map<String, AtomicInteger> counts, String key) {
    return counts.computeIfAbsent(key, any -> new AtomicInteger());
  }
}
