package io.shigoto;

import io.shigoto.control.QueueOptions;
import io.shigoto.internal.control.QueueTable;
import io.shigoto.internal.queue.Served;
import io.shigoto.internal.settings.QueueName;
import io.shigoto.internal.thread.Answering;
import java.time.Duration;
import java.util.Objects;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Queues while everything works. Pauses are the cluster's: they are stored, and hold whatever nodes
 * come and go. What is added, removed and resized is this node's, for as long as it lives. Got by
 * {@link Shigoto#queues()}.
 *
 * <p>Thread: answers come on threads of the node's own, which must not be blocked. Safe for any
 * number of threads. Errors of the database come as the driver's own.
 */
public final class Queues {

  private final Served served;
  private final QueueTable table;
  private final Answering answering;

  Queues(Served served, QueueTable table, Answering answering) {
    this.served = served;
    this.table = table;
    this.answering = answering;
  }

  /**
   * Pauses a queue on all nodes when subscribed, also one that no node serves yet: once this
   * completes, no claim begins that takes a job of it until it is resumed. Runs that are under way
   * go on. What was claimed and not started is given back as soon as its node has heard, usually
   * within milliseconds, by its next poll at the latest; until then a node may still begin it. To
   * know that nothing runs, wait for {@link #drained}. Jobs can still be enqueued. Twice is once.
   *
   * @param queue 1 to 255 characters
   */
  public Mono<Void> pause(String queue) {
    return store(queue, true);
  }

  /**
   * Completes when no node runs a job of a paused queue any more, and none can until it is resumed:
   * all that was claimed has ended, was given back, or was rescued. Looks again and again, up to
   * twice a second. Cancel: looks no more. Errors: {@link IllegalStateException} if the queue is
   * not paused, or is resumed meanwhile.
   *
   * @param queue 1 to 255 characters
   */
  public Mono<Void> drained(String queue) {
    QueueName.require(queue);
    return answering.of(table.drained(queue));
  }

  /**
   * Resumes a queue on all nodes when subscribed; they look for its jobs at once. Twice is once.
   *
   * @param queue 1 to 255 characters
   */
  public Mono<Void> resume(String queue) {
    return store(queue, false);
  }

  /**
   * Serves one more queue on this node when subscribed, from now on, or from its start if it was
   * not started. Errors: {@link IllegalStateException} if this node serves it, or has not done
   * removing it.
   *
   * @param queue 1 to 255 characters
   * @param concurrency how many of its jobs run here at the same time, from 1
   */
  public Mono<Void> add(String queue, int concurrency) {
    QueueName.requireConcurrency(queue, concurrency);
    return add(queue, QueueOptions.concurrency(concurrency));
  }

  /** The same as {@link #add(String, int)}, with all that may be said of how it is served. */
  public Mono<Void> add(String queue, QueueOptions options) {
    QueueName.require(queue);
    Objects.requireNonNull(options, "options");
    return answering.of(Mono.fromRunnable(() -> served.add(queue, options)));
  }

  /**
   * Changes when subscribed how many jobs of a queue run on this node at the same time. Runs that
   * are under way go on, also those beyond a lower number: until they end, no other begins. Errors:
   * {@link IllegalStateException} if this node does not serve the queue.
   *
   * @param concurrency from 1; to run none, remove the queue or pause it
   */
  public Mono<Void> resize(String queue, int concurrency) {
    QueueName.requireConcurrency(queue, concurrency);
    return answering.of(Mono.fromRunnable(() -> served.resize(queue, concurrency)));
  }

  /**
   * Serves a queue no more on this node when subscribed: claims no more of its jobs, gives back at
   * once what was not started, lets runs finish for so long, then cancels those left and gives them
   * back with their attempt. Completes when every outcome of theirs is written. Cancel: does not
   * keep it from being removed. Errors: {@link IllegalStateException} if this node does not serve
   * the queue.
   *
   * @param grace zero or more; zero gives everything back at once
   */
  public Mono<Void> remove(String queue, Duration grace) {
    QueueName.require(queue);
    if (Objects.requireNonNull(grace, "grace").isNegative()) {
      throw new IllegalArgumentException("grace must not be negative, but is " + grace);
    }
    return answering.of(Mono.defer(() -> served.remove(queue, grace)));
  }

  /**
   * The queues of which anything is known, by name: this node or another serves them, they were
   * paused once, or jobs of theirs are available or run. Costs the same whatever waits in them.
   */
  public Flux<QueueStatus> list() {
    return answering.of(
        table
            .list(served.names(), QueueStatus.COUNTED)
            .flatMapIterable(rows -> rows)
            .map(this::status));
  }

  private QueueStatus status(QueueTable.Row row) {
    return new QueueStatus(
        row.queue(),
        row.paused(),
        served.concurrencyOf(row.queue()),
        row.nodes(),
        row.available(),
        row.executing());
  }

  private Mono<Void> store(String queue, boolean paused) {
    QueueName.require(queue);
    return answering.of(table.pause(queue, paused));
  }
}
