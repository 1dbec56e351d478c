package io.shigoto.control;

import java.time.Instant;

/**
 * Something that keeps one node from starting a job that it serves. It keeps the job if every node
 * that serves it has such a reason.
 */
public sealed interface NodeReason extends Reason {

  /** The node's name. */
  String node();

  /** As many of its worker run on a node as may there. */
  record ConcurrencyFull(String node, String worker, int limit) implements NodeReason {
    @Override
    public String toString() {
      return "node '%s' runs %d of worker '%s', which is its concurrency"
          .formatted(node, limit, worker);
    }
  }

  /** A node may start the next of its worker then. */
  record RateLimited(String node, String worker, Instant until) implements NodeReason {
    @Override
    public String toString() {
      return "node '%s' has used up the rate limit of worker '%s' until %s"
          .formatted(node, worker, until);
    }
  }

  /** Too many runs of its worker have failed on a node. */
  record CircuitOpen(String node, String worker, Instant until) implements NodeReason {
    @Override
    public String toString() {
      return "the circuit of worker '%s' is open on node '%s' until %s"
          .formatted(worker, node, until);
    }
  }

  /** A node waits for the results of a few runs of its worker. */
  record CircuitProbing(String node, String worker, int probes) implements NodeReason {
    @Override
    public String toString() {
      return "the circuit of worker '%s' is half-open on node '%s', which waits for %d probes"
          .formatted(worker, node, probes);
    }
  }

  /** All slots of its queue on a node are busy. */
  record SlotsBusy(String node, String queue, int slots) implements NodeReason {
    @Override
    public String toString() {
      return "all slots of queue '%s' on node '%s' are busy: %d".formatted(queue, node, slots);
    }
  }

  /** As many jobs of all queues together run on a node as may there. */
  record NodeFull(String node, int limit) implements NodeReason {
    @Override
    public String toString() {
      return "node '%s' runs %d jobs, which is its concurrency".formatted(node, limit);
    }
  }

  /** A node claims of its queue only higher priorities, because it is overloaded. */
  record Shed(String node, String queue, int lowestPriority) implements NodeReason {
    @Override
    public String toString() {
      return "node '%s' is overloaded and claims of queue '%s' only priorities from %d"
          .formatted(node, queue, lowestPriority);
    }
  }

  /**
   * The jobs of its queue that a node holds weigh as much as they may there: it claims when some of
   * them have ended.
   */
  record HoldsTooMuch(String node, String queue) implements NodeReason {
    @Override
    public String toString() {
      return "node '%s' holds large jobs of queue '%s', as many as it may".formatted(node, queue);
    }
  }

  /** A node claims no more: it is stopping, and runs what it has begun to its end. */
  record Stopping(String node) implements NodeReason {
    @Override
    public String toString() {
      return "node '%s' is stopping".formatted(node);
    }
  }
}
