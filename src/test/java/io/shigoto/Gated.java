package io.shigoto;

import io.shigoto.support.Await;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** A worker whose runs end when the test says so, and which knows how many of each queue run. */
final class Gated {

  static final String NAME = "gated";

  private final Map<String, Deque<Sinks.One<Outcome>>> running = new HashMap<>();
  private final Map<String, Integer> begun = new HashMap<>();
  private int most;

  Scripted worker() {
    return new Scripted(NAME, this::perform);
  }

  Mono<Outcome> perform(JobContext<?> job) {
    return Mono.defer(
        () -> {
          Sinks.One<Outcome> end = Sinks.one();
          begin(job.queue(), end);
          return end.asMono().doOnCancel(() -> cut(job.queue(), end));
        });
  }

  private synchronized void begin(String queue, Sinks.One<Outcome> end) {
    running.computeIfAbsent(queue, name -> new ArrayDeque<>()).add(end);
    begun.merge(queue, 1, Integer::sum);
    most = Math.max(most, all());
  }

  private synchronized void cut(String queue, Sinks.One<Outcome> end) {
    running.get(queue).remove(end);
  }

  /** Ends the run of a queue that has run longest. */
  void end(String queue) {
    Sinks.One<Outcome> end;
    synchronized (this) {
      end = running.get(queue).remove();
    }
    end.tryEmitValue(Outcome.done());
  }

  synchronized int runningOf(String queue) {
    Deque<?> runs = running.get(queue);
    return runs == null ? 0 : runs.size();
  }

  synchronized int begunOf(String queue) {
    return begun.getOrDefault(queue, 0);
  }

  /** How many ran at once at most. */
  synchronized int most() {
    return most;
  }

  synchronized int all() {
    return running.values().stream().mapToInt(Deque::size).sum();
  }

  void awaitRunning(int runs) {
    Await.until("%d runs in all".formatted(runs), Nodes.LIMIT, () -> all() == runs);
  }

  void awaitRunning(String queue, int runs) {
    Await.until(
        "%d runs of %s".formatted(runs, queue), Nodes.LIMIT, () -> runningOf(queue) == runs);
  }
}
