package io.shigoto.internal.job;

import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.ReactiveWorker;
import java.util.Objects;

/**
 * The limits of a worker, asked of it once.
 *
 * @param concurrency of this node, {@link ReactiveWorker#UNLIMITED} if there is none
 * @param globalConcurrency of all nodes, {@link ReactiveWorker#UNLIMITED} if there is none
 * @param partitionConcurrency of all nodes, for each partition key; {@link
 *     ReactiveWorker#UNLIMITED} if there is none
 */
public record WorkerLimits(
    RateLimit rate,
    int concurrency,
    int globalConcurrency,
    int partitionConcurrency,
    CircuitBreaker breaker) {

  /** Refuses those that make no sense, and those that nobody keeps yet. */
  static WorkerLimits of(ReactiveWorker<?> worker) {
    String who = "worker '" + worker.name() + "': ";
    WorkerLimits limits =
        new WorkerLimits(
            Objects.requireNonNull(worker.rateLimit(), () -> who + "rateLimit is null"),
            worker.concurrency(),
            worker.globalConcurrency(),
            worker.partitionConcurrency(),
            Objects.requireNonNull(worker.circuitBreaker(), () -> who + "circuitBreaker is null"));
    require(
        limits.concurrency >= 1,
        who + "concurrency must be at least 1, but is",
        limits.concurrency);
    require(
        limits.globalConcurrency >= 1,
        who + "globalConcurrency must be at least 1, but is",
        limits.globalConcurrency);
    require(
        limits.partitionConcurrency >= 1,
        who + "partitionConcurrency must be at least 1, but is",
        limits.partitionConcurrency);
    limits.requireServed(who);
    return limits;
  }

  private void requireServed(String who) {
    String nobody = ", nobody keeps it yet, but is";
    require(
        rate.scope() == RateLimit.Scope.NODE, who + "rateLimit must not be global" + nobody, rate);
    require(!rate.isPerPartition(), who + "rateLimit must not be per partition" + nobody, rate);
  }

  /** Whether some of them hold for all nodes together. */
  public boolean areClusterWide() {
    return globalConcurrency != ReactiveWorker.UNLIMITED
        || partitionConcurrency != ReactiveWorker.UNLIMITED;
  }

  private static void require(boolean holds, String rule, Object value) {
    if (!holds) {
      throw new IllegalArgumentException(rule + " " + value);
    }
  }
}
