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

  /** Refuses those that make no sense. */
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
    require(
        !SharedRate.isNeededFor(limits.rate)
            || limits.rate.period().compareTo(SharedRate.SHORTEST_PERIOD) >= 0,
        who + "a rateLimit that is global or per partition has a period of 100 ms or more, but is",
        limits.rate);
    return limits;
  }

  /** Whether claims have to keep some of them, because this node alone cannot. */
  public boolean areKeptByClaims() {
    return areClusterWide() || SharedRate.isNeededFor(rate);
  }

  /** Whether this node spaces the starts of its runs. */
  public boolean areSpacedHere() {
    return !rate.isNone() && (!SharedRate.isNeededFor(rate) || SharedRate.isSpaced(rate));
  }

  /** Whether some of them are about what runs on all nodes together. */
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
