package io.shigoto.control;

import io.shigoto.job.JobState;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that keeps a job from being started. Its text form says it in words. What is said of
 * one node is a {@link NodeReason}.
 */
public sealed interface Reason
    permits NodeReason,
        Reason.Unknown,
        Reason.Ended,
        Reason.Running,
        Reason.NodeLost,
        Reason.NotDue,
        Reason.WaitsForJobs,
        Reason.HeldByTransaction,
        Reason.QueuePaused,
        Reason.NoNodeForQueue,
        Reason.NoNodeForWorker,
        Reason.NoNodeForBoth,
        Reason.ClusterFull,
        Reason.PartitionFull,
        Reason.ClusterRateLimited,
        Reason.JobsAhead {

  /** There is no such job: there never was, or it is older than the history. */
  record Unknown() implements Reason {
    @Override
    public String toString() {
      return "there is no such job";
    }
  }

  /** It ended. */
  record Ended(JobState state, Instant at) implements Reason {
    @Override
    public String toString() {
      return "it was %s at %s".formatted(state.sqlName(), at);
    }
  }

  /**
   * It runs, or waits for a slot of the node that has claimed it.
   *
   * @param incarnation of the node
   * @param cancelling whether it was called off, and the node is ending the run
   */
  record Running(String node, String incarnation, Instant since, int attempt, boolean cancelling)
      implements Reason {
    @Override
    public String toString() {
      return "node '%s' has it since %s, attempt %d%s"
          .formatted(node, since, attempt, cancelling ? ", and is ending the run" : "");
    }
  }

  /**
   * A node has claimed it and is gone: another one rescues it soon, as a failed attempt.
   *
   * @param node null if nothing is known of it any more
   */
  record NodeLost(@Nullable String node, String incarnation, Instant since, int attempt)
      implements Reason {
    @Override
    public String toString() {
      return "%s, which has it since %s, has lost its lease: a rescue is due"
          .formatted(node == null ? "node " + incarnation : "node '" + node + "'", since);
    }
  }

  /**
   * Its time has not come.
   *
   * @param attempt how many it has had
   */
  record NotDue(Instant until, Why why, int attempt) implements Reason {

    /** What it waits for. */
    public enum Why {
      /** The time for which it was enqueued. */
      SCHEDULED,
      /** The end of its snooze. */
      SNOOZED,
      /** The end of the backoff after an attempt that failed. */
      RETRY
    }

    @Override
    public String toString() {
      return switch (why) {
        case SCHEDULED -> "it is due at " + until;
        case SNOOZED -> "it was snoozed until " + until;
        case RETRY -> "attempt %d failed, the next is due at %s".formatted(attempt, until);
      };
    }
  }

  /**
   * It waits for other jobs to end.
   *
   * @param first of them, a few
   */
  record WaitsForJobs(int count, List<Long> first) implements Reason {

    public WaitsForJobs {
      first = List.copyOf(first);
    }

    @Override
    public String toString() {
      return "it waits for %d jobs, among them %s".formatted(count, first);
    }
  }

  /**
   * A transaction that is not over keeps it: somebody changes the job and has not committed. It
   * goes on when that transaction has ended.
   *
   * @param pid the process of the server that has the transaction, as in {@code pg_stat_activity};
   *     null if that is not known, or the transaction was prepared
   * @param application what that connection calls itself; null if it is not known
   * @param since when the transaction began; null if this node's user may not see that
   */
  record HeldByTransaction(
      Held held, @Nullable Integer pid, @Nullable String application, @Nullable Instant since)
      implements Reason {

    /** What the transaction has. */
    public enum Held {
      /** The job itself, such as one that replaces something in it. */
      JOB,
      /** The unique key that the job is to take now. */
      KEY
    }

    @Override
    public String toString() {
      return (held == Held.JOB
              ? "an open transaction has changed it"
              : "an open transaction has its unique key")
          + (since == null ? "" : ", which began at " + since)
          + (pid == null ? "" : ", in process " + pid)
          + (application == null ? "" : " of '" + application + "'");
    }
  }

  /** Its queue is paused, on all nodes. */
  record QueuePaused(String queue) implements Reason {
    @Override
    public String toString() {
      return "queue '%s' is paused".formatted(queue);
    }
  }

  /** No live node serves its queue. */
  record NoNodeForQueue(String queue) implements Reason {
    @Override
    public String toString() {
      return "no live node serves queue '%s'".formatted(queue);
    }
  }

  /** No live node knows its worker. */
  record NoNodeForWorker(String worker) implements Reason {
    @Override
    public String toString() {
      return "no live node knows worker '%s'".formatted(worker);
    }
  }

  /** Live nodes serve its queue, and others know its worker, but none does both. */
  record NoNodeForBoth(String queue, String worker) implements Reason {
    @Override
    public String toString() {
      return "no live node that serves queue '%s' knows worker '%s'".formatted(queue, worker);
    }
  }

  /** As many of its worker run on all nodes together as may. */
  record ClusterFull(String worker, long running, int limit) implements Reason {
    @Override
    public String toString() {
      return "%d of worker '%s' run on all nodes together; the limit is %d"
          .formatted(running, worker, limit);
    }
  }

  /** As many of its worker and partition key run on all nodes together as may. */
  record PartitionFull(String worker, String partitionKey, long running, int limit)
      implements Reason {
    @Override
    public String toString() {
      return "%d of worker '%s' with partition key '%s' run on all nodes together; the limit is %d"
          .formatted(running, worker, partitionKey, limit);
    }
  }

  /**
   * The rate limit of its worker lets no more start before then, on all nodes together; or, of a
   * limit that each partition key has for itself, no more with its key on any node that knows it.
   *
   * @param partitionKey null if the limit is not for each key, or the job has none
   */
  record ClusterRateLimited(String worker, @Nullable String partitionKey, Instant until)
      implements Reason {
    @Override
    public String toString() {
      return partitionKey == null
          ? "the rate limit of worker '%s' is used up until %s".formatted(worker, until)
          : "the rate limit of worker '%s' for partition key '%s' is used up until %s"
              .formatted(worker, partitionKey, until);
    }
  }

  /**
   * Jobs of its queue are better by priority, due time and id. Those of workers that no node may
   * start now are not counted.
   *
   * @param counted how many, counted up to a bound
   * @param more whether there may be more than were counted
   */
  record JobsAhead(long counted, boolean more) implements Reason {
    @Override
    public String toString() {
      return "%s%d jobs of its queue are ahead of it".formatted(more ? "at least " : "", counted);
    }
  }
}
