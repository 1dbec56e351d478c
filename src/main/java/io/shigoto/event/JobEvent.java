package io.shigoto.event;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened. Which fields a kind fills is said at the kind; the others are null.
 * Never contains arguments.
 *
 * @param kind what happened
 * @param node the name of the node that tells it
 * @param jobId the job
 * @param queue its queue
 * @param worker its worker; of a message to all nodes its topic
 * @param attempt the attempt
 * @param count how many jobs it is about, or how many percent
 * @param duration how long it took, or how long it will wait
 * @param detail the class of an error, a reason, or an incarnation's id
 */
public record JobEvent(
    Kind kind,
    String node,
    @Nullable Long jobId,
    @Nullable String queue,
    @Nullable String worker,
    @Nullable Integer attempt,
    @Nullable Integer count,
    @Nullable Duration duration,
    @Nullable String detail) {

  /** What can happen. Everything about a job is told after it was committed. */
  public enum Kind {
    /**
     * A job was inserted through this node, outside of a caller's transaction. jobId, queue,
     * worker.
     */
    INSERTED,
    /**
     * A job was not inserted, through this node and outside of a caller's transaction, because
     * another one has its unique key. jobId: the other one; queue, worker; detail: what the other
     * one took over, empty if nothing.
     */
    CONFLICT,
    /** Jobs of a queue were claimed. queue, count, duration of the statement. */
    QUEUE_CLAIM,
    /** A queue is paused, as this node has just seen; also told when it starts. queue. */
    QUEUE_PAUSED,
    /** A queue is paused no more, as this node has just seen. queue. */
    QUEUE_RESUMED,
    /** A job was claimed. jobId, queue, worker, attempt. */
    CLAIMED,
    /**
     * A run was started. jobId, queue, worker, attempt, duration since it was due by the database's
     * clock and to the claim.
     */
    STARTED,
    /** A run has said how far it is. jobId, queue, worker, attempt, count: percent. */
    PROGRESS,
    /** A job is completed. jobId, queue, worker, attempt, duration of the run. */
    COMPLETED,
    /**
     * An attempt failed. jobId, queue, worker, attempt, duration of the run, detail: class of the
     * error.
     */
    FAILED,
    /** A job was snoozed. jobId, queue, worker, attempt, duration of the run. */
    SNOOZED,
    /**
     * A job is discarded. jobId, queue, worker, attempt, duration of the run, detail: class of the
     * error, {@code discarded} if its worker gave it up, or {@code dependency} if it waited for a
     * job that did not complete.
     */
    DISCARDED,
    /**
     * A job is cancelled: by its worker, because it was called off, or because it waited for a job
     * that did not complete. jobId, queue, worker; if it ran, attempt and duration of the run;
     * detail: {@code cancelled} if its worker did it, {@code dependency} if it waited; the reason
     * stands with the job.
     */
    CANCELLED,
    /**
     * A job that was discarded or cancelled is available again, or one that waited for its time is
     * due now, because somebody asked this node. jobId, queue, worker; detail: {@code due_now} if
     * it waited.
     */
    RETRIED,
    /**
     * A job was deleted, because somebody asked this node. jobId, queue, worker, detail: the state
     * it was in.
     */
    DELETED,
    /** A run was given back with its attempt. jobId, queue, worker, attempt. */
    RELEASED,
    /**
     * A run whose node was lost was settled as a failed attempt, or as cancelled if its job had
     * been called off. jobId, queue, worker, attempt, detail: the job's state.
     */
    RESCUED,
    /**
     * A run ended after it had lost its lease; nothing was written. jobId, queue, worker, attempt.
     */
    SUPERSEDED,
    /**
     * All jobs of a batch have ended, and its callback is a job. jobId, queue, worker, attempt: of
     * the callback, count: how many jobs the batch had, detail: the batch's id.
     */
    BATCH_COMPLETED,
    /**
     * A message to all nodes was published through this node, outside of a caller's transaction.
     * worker: its topic, detail: its id.
     */
    BROADCAST_PUBLISHED,
    /** This node has handled a message. worker: its topic, attempt, duration, detail: its id. */
    BROADCAST_HANDLED,
    /**
     * This node could not handle a message, and tries again. worker: its topic, attempt, duration
     * of the attempt, detail: its id and the class of the error.
     */
    BROADCAST_FAILED,
    /**
     * This node gave a message up. worker: its topic, attempt: the last, or null if it was out of
     * retention before its turn came, duration of the attempt, detail: its id and the class of the
     * error, or its id alone.
     */
    BROADCAST_GIVEN_UP,
    /**
     * The rate limit of a worker is used up; its jobs stay available. worker, duration until the
     * next may start, detail: the limit.
     */
    RATE_LIMITED,
    /**
     * This node holds as many jobs of a worker as its concurrency allows. worker, count: its
     * concurrency.
     */
    BULKHEAD_FULL,
    /**
     * A worker fails too often; its jobs are not claimed. worker, duration until probes are let
     * through.
     */
    CIRCUIT_OPENED,
    /** The probes of a worker succeeded; its jobs are claimed again. worker. */
    CIRCUIT_CLOSED,
    /**
     * A queue is overloaded, and this node claims fewer of its priorities, or more of them again.
     * queue, count: how many steps were taken, 0 when it is over, detail: the lowest priority that
     * is claimed, or null when all are.
     */
    LOAD_SHED,
    /** This node joined. detail: its incarnation. */
    NODE_JOINED,
    /** This node left. detail: its incarnation. */
    NODE_LEFT,
    /** This node could not renew its lease, and cancelled its runs. detail: its incarnation. */
    NODE_LOST_LEASE,
    /** The database does not answer. */
    DATABASE_LOST,
    /** The database answers again. */
    DATABASE_BACK
  }
}
