package io.shigoto;

import static java.util.Objects.requireNonNull;

import io.r2dbc.spi.Connection;
import io.shigoto.batch.Batch;
import io.shigoto.batch.NewBatch;
import io.shigoto.internal.group.BatchEnqueuer;
import io.shigoto.internal.thread.Answering;
import io.shigoto.job.NewJob;
import io.shigoto.worker.Given;
import java.util.List;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/**
 * Jobs that are counted together, and a callback when the last of them has ended. A batch is
 * enqueued as a whole; or it is opened, filled with {@link NewJob#batch}, from any node and for as
 * long as it takes, also by jobs that run in it, and sealed. Its callback is inserted once, in the
 * transaction that counts the last of its jobs, and never before it is sealed. Got by {@link
 * Shigoto#batches()}.
 *
 * <p>Thread: answers come on threads of the node's own, which must not be blocked. Safe for any
 * number of threads. Errors of the database come as the driver's own.
 */
public final class Batches {

  private final BatchEnqueuer batches;
  private final Answering answering;

  Batches(BatchEnqueuer batches, Answering answering) {
    this.batches = batches;
    this.answering = answering;
  }

  /**
   * Inserts a batch with all its jobs, sealed, in one transaction, when subscribed; emits its id
   * when it is committed. Without any job its callback is due at once. In a transaction of Spring's
   * it joins that. Cancel: the batch may be inserted all the same.
   *
   * <p>Errors: {@link io.shigoto.job.UnknownJobs} if one of them depends on jobs that are not
   * there; nothing is inserted then. A job that meets another with its unique key is not part of
   * the batch.
   *
   * @param jobs all in memory; for more of them use {@link #enqueue(NewBatch, Publisher,
   *     Connection)}, or open a batch and fill it
   * @throws IllegalArgumentException at the call, if the callback or a job cannot be enqueued
   */
  public Mono<Long> enqueue(NewBatch batch, List<NewJob> jobs) {
    return answering.of(batches.enqueue(requireNonNull(batch, "batch"), Given.all("jobs", jobs)));
  }

  /**
   * Inserts a batch with all its jobs, sealed, in the caller's transaction, when subscribed; emits
   * its id. Demand: a thousand jobs are asked for at a time. Errors: of the publisher, or of the
   * first job that cannot be enqueued; then the transaction is to be rolled back.
   */
  public Mono<Long> enqueue(NewBatch batch, Publisher<NewJob> jobs, Connection connection) {
    return answering.of(
        batches.enqueue(
            requireNonNull(batch, "batch"),
            requireNonNull(jobs, "jobs"),
            requireNonNull(connection, "connection")));
  }

  /**
   * Opens a batch when subscribed; emits its id when it is committed. In a transaction of Spring's
   * it joins that. Cancel: the batch may be opened all the same.
   *
   * @throws IllegalArgumentException at the call, if the callback cannot be enqueued
   */
  public Mono<Long> open(NewBatch batch) {
    return answering.of(batches.open(requireNonNull(batch, "batch")));
  }

  /**
   * Opens a batch in the caller's transaction, when subscribed; emits its id.
   *
   * @throws IllegalArgumentException at the call, if the callback cannot be enqueued
   */
  public Mono<Long> open(NewBatch batch, Connection connection) {
    return answering.of(
        batches.open(requireNonNull(batch, "batch"), requireNonNull(connection, "connection")));
  }

  /**
   * Seals a batch when subscribed: no job joins it any more, and its callback is due when all its
   * jobs have ended, which may be at once. Emits the batch as it is then; empty if there is none.
   * Twice is once. Jobs that were added in transactions that have not ended are waited for. In a
   * transaction of Spring's it joins that: until it ends, jobs of the batch cannot be counted, so
   * let it be short. Cancel: the batch may be sealed all the same.
   */
  public Mono<Batch> seal(long id) {
    return answering.of(batches.seal(id));
  }

  /**
   * As {@link #seal(long)} in the caller's transaction: until it ends, jobs of the batch cannot be
   * counted, so let it be short.
   */
  public Mono<Batch> seal(long id, Connection connection) {
    return answering.of(batches.seal(id, requireNonNull(connection, "connection")));
  }

  /** Finds a batch with its counts; empty if there is none. */
  public Mono<Batch> find(long id) {
    return answering.of(batches.find(id));
  }
}
