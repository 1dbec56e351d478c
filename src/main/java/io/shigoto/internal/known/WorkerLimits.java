package io.shigoto.internal.known;

import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.ReactiveWorker;

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
  static WorkerLimits of(ReactiveWorker<?> worker, Asked asked) {
    return new WorkerLimits(
        asked.require(
            "rateLimit",
            "given, with a period of 100 ms or more if it is global or per partition",
            worker.rateLimit(),
            SharedRate::canBeKept),
        asked.atLeastOne("concurrency", worker.concurrency()),
        asked.atLeastOne("globalConcurrency", worker.globalConcurrency()),
        asked.atLeastOne("partitionConcurrency", worker.partitionConcurrency()),
        asked.require("circuitBreaker", "given", worker.circuitBreaker(), breaker -> true));
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
}
