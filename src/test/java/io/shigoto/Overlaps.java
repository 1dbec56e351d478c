package io.shigoto;

import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Mono;

/**
 * Watches the runs of all nodes of a test: which jobs ran, how often, and whether twice at once.
 */
final class Overlaps {

  private final Map<Long, String> running = new ConcurrentHashMap<>();
  private final Map<Long, AtomicInteger> runs = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> byNode = new ConcurrentHashMap<>();
  private final Queue<String> found = new ConcurrentLinkedQueue<>();

  /** The same run, watched from its subscription to its end, by cancel too. */
  Mono<Outcome> watch(String node, JobContext<?> job, Mono<Outcome> run) {
    return Mono.defer(
        () -> {
          String other = running.put(job.id(), node);
          if (other != null) {
            found.add("job %d runs on %s and on %s".formatted(job.id(), other, node));
          }
          runs.computeIfAbsent(job.id(), id -> new AtomicInteger()).incrementAndGet();
          byNode.computeIfAbsent(node, name -> new AtomicInteger()).incrementAndGet();
          return run.doFinally(end -> running.remove(job.id(), node));
        });
  }

  /** Runs that met another run of the same job. */
  Queue<String> found() {
    return found;
  }

  /** How many jobs ran. */
  int jobs() {
    return runs.size();
  }

  /** How many runs there were, of all jobs. */
  int runs() {
    return runs.values().stream().mapToInt(AtomicInteger::get).sum();
  }

  /** How many runs a node had. */
  int runsOf(String node) {
    return byNode.getOrDefault(node, new AtomicInteger()).get();
  }
}
