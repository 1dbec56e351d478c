package io.shigoto.worker;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import reactor.core.publisher.Mono;

/**
 * The code that runs jobs of one kind. Register one instance with each node; it is used by many
 * runs at once.
 *
 * @param <A> the type of its arguments: anything Jackson can read, such as a record, a map or a
 *     list
 */
@FunctionalInterface
public interface ReactiveWorker<A> {

  /** The default of {@link #maxAttempts}. */
  int DEFAULT_MAX_ATTEMPTS = 3;

  /** The default of {@link #queue}. */
  String DEFAULT_QUEUE = "default";

  /** The default of {@link #priority}. */
  int DEFAULT_PRIORITY = 0;

  /** The default of {@link #timeout}. */
  Duration DEFAULT_TIMEOUT = Duration.ofMinutes(5);

  /** As many as there is room for. */
  int UNLIMITED = Integer.MAX_VALUE;

  /**
   * Runs a job when subscribed. Delivery is at least once: after a crash the same job runs again,
   * so effects should be idempotent, for example by {@link JobContext#idempotencyKey()}.
   *
   * <p>Emits how the run ended; empty means {@link Outcome#done()}. Errors: an error signal or a
   * throw is a failed attempt. Cancel: on a timeout, on stop, when the job is cancelled, and when
   * this node lost its lease. Thread: called on the scheduler for workers, never on a connection's
   * event loop. Context: has the {@link JobContext}.
   */
  Mono<Outcome> perform(JobContext<A> job);

  /**
   * The name stored with each job: 1 to 255 characters. Default: the simple class name, so that
   * classes may move.
   */
  default String name() {
    return getClass().getSimpleName();
  }

  /** Older names whose jobs this worker still runs. Default: none. */
  default Set<String> aliases() {
    return Set.of();
  }

  /**
   * How many attempts a job may have, from 1, taken when it is enqueued. Asked once, when the node
   * is built. Default: {@value #DEFAULT_MAX_ATTEMPTS}.
   */
  default int maxAttempts() {
    return DEFAULT_MAX_ATTEMPTS;
  }

  /**
   * The queue of its jobs, taken when they are enqueued. Asked once, when the node is built.
   * Default: {@value #DEFAULT_QUEUE}.
   */
  default String queue() {
    return DEFAULT_QUEUE;
  }

  /**
   * Higher is claimed first, taken when a job is enqueued; any {@code short}. Asked once, when the
   * node is built. Default: {@value #DEFAULT_PRIORITY}.
   */
  default int priority() {
    return DEFAULT_PRIORITY;
  }

  /**
   * How long a run may take; then it is cancelled and counts as failed. More than zero, at most
   * 36500 days. Asked once, when the node is built. Default: 5 minutes.
   *
   * <p>Cancel: what the run does on cancel, such as in {@code doOnCancel}, is waited for. One that
   * never returns keeps its slot, and its job runs for as long as the node lives.
   */
  default Duration timeout() {
    return DEFAULT_TIMEOUT;
  }

  /**
   * Which of its jobs are the same, so that there is only one of them, taken when they are
   * enqueued. Asked once, when the node is built. Default: none are.
   */
  default Unique unique() {
    return Unique.none();
  }

  /**
   * Labels of its jobs, each 1 to 255 characters, taken when they are enqueued. Asked once, when
   * the node is built. Default: none.
   */
  default Set<String> tags() {
    return Set.of();
  }

  /**
   * How long a failed job waits for its next attempt. An exception here falls back to the default.
   * Thread: one of the node's own that may wait, not the one on which the error came. A node asks
   * it too for a run of another that was lost.
   *
   * @param attempt the attempt that failed, from 1
   * @param error why
   */
  default Duration backoff(int attempt, Throwable error) {
    return Backoff.standard(attempt);
  }

  /**
   * What is around its runs, outermost first, inside of the middleware of the node. Asked for once,
   * when the node is built. Default: none.
   */
  default List<Middleware> middleware() {
    return List.of();
  }

  /**
   * Called when a job was discarded: its last attempt failed, it was given up, its node was lost
   * during its last attempt, or a job that it depends on did not complete. After the commit, once,
   * by the node that wrote it, or by another if that one does not know this worker; not at all if
   * the node that is to call dies in between. Its attempts are over: {@link JobContext#completeIn}
   * is refused.
   *
   * <p>Errors: logged, and change nothing; the job stays discarded. Cancel: after {@link #timeout},
   * and when the grace of a stop is over. Thread: called on the scheduler for workers. Context: has
   * the {@link JobContext}. Default: nothing.
   *
   * @param job its last run; {@link JobContext#args} throws if they do not fit this worker
   * @param errors the latest errors of the job, oldest first, at most 20; the last one is why
   */
  default Mono<Void> onDiscard(JobContext<A> job, List<JobError> errors) {
    return Mono.empty();
  }

  /**
   * How many of its runs may start in a time. Asked once, when the node is built. Default: none.
   */
  default RateLimit rateLimit() {
    return RateLimit.none();
  }

  /**
   * How many of its jobs this node may hold at the same time, across all queues, from 1. Asked
   * once, when the node is built. Default: {@link #UNLIMITED}.
   */
  default int concurrency() {
    return UNLIMITED;
  }

  /**
   * How many of its jobs all nodes together may hold at the same time, from 1: its names count
   * together, and a run counts until its outcome is written. All nodes should say the same. Asked
   * once, when the node is built. Default: {@link #UNLIMITED}.
   */
  default int globalConcurrency() {
    return UNLIMITED;
  }

  /**
   * How many of its jobs with the same partition key all nodes together may hold at the same time,
   * from 1. Jobs without a key are not limited by it. All nodes should say the same. Asked once,
   * when the node is built. Default: {@link #UNLIMITED}.
   */
  default int partitionConcurrency() {
    return UNLIMITED;
  }

  /**
   * When this node stops claiming its jobs because they fail. Asked once, when the node is built.
   * Default: {@link CircuitBreaker#standard}.
   */
  default CircuitBreaker circuitBreaker() {
    return CircuitBreaker.standard();
  }
}
