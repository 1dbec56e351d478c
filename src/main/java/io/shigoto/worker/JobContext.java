package io.shigoto.worker;

import io.r2dbc.spi.Connection;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * One run of a job, as its worker sees it. Its text form leaves out args and meta.
 *
 * <p>Safe for any number of threads.
 *
 * @param <A> the type of its arguments
 */
public interface JobContext<A> {

  /** The job. */
  long id();

  /**
   * Its arguments. What does not fit the type fails the run before the worker is called; only
   * middleware and {@link ReactiveWorker#onDiscard} can meet it.
   *
   * @throws RuntimeException naming the JSON path that does not fit the worker's type
   */
  A args();

  /** The attempt that this run is, from 1. */
  int attempt();

  /** How many attempts the job may have. */
  int maxAttempts();

  /** The lane it was claimed from. */
  String queue();

  /** The name stored with it, which may be an alias. */
  String worker();

  /** Higher is claimed first. */
  int priority();

  /** Its labels. */
  Set<String> tags();

  /** What travels with it. */
  Map<String, String> meta();

  /** Whose it is, or null if that was not said. */
  @Nullable String partitionKey();

  /** The batch it belongs to, or null. */
  @Nullable Long batchId();

  /**
   * What the jobs gave back that it depends on. They were read before the run began, all of them;
   * in {@link ReactiveWorker#onDiscard} there are none.
   */
  Results results();

  /** When it was enqueued, by the database's clock. */
  Instant insertedAt();

  /** When it was due, by the database's clock. */
  Instant scheduledAt();

  /**
   * The same for every attempt of the job, and different for every job: the key to make effects
   * idempotent with.
   */
  default String idempotencyKey() {
    return "shigoto-job-" + id();
  }

  /**
   * Notes, when subscribed, how far the run is; completes at once, and the database does not delay
   * or fail it. What was noted last is written soon, and at the latest before the end of the run;
   * what is noted meanwhile is not written. It stays with the job until a later run notes another.
   * After the end of the run it does nothing.
   *
   * @param percent 0 to 100
   * @throws IllegalArgumentException at the call, if it is not
   */
  Mono<Void> progress(int percent);

  /**
   * Writes that the job is completed, in the caller's transaction, when subscribed: the job is
   * completed if and when that commits, together with whatever else is done in it. Once it has, the
   * job stays completed however the run ends. If it does not, the end of the run counts as always,
   * but a run that ends as done is a failed attempt.
   *
   * <p>In the limits of the cluster the job counts until that commit, whatever the run does after
   * it: let it be the last thing that the run does.
   *
   * <p>Errors: {@link LeaseLost} if the job is not this run's any more; then the transaction can
   * only be rolled back. {@link IllegalStateException} if the connection is in no transaction, if
   * the run has ended, or if it has completed the job already. After a rollback it may be called
   * again.
   *
   * @param connection to the database of the node, in a transaction
   */
  Mono<Void> completeIn(Connection connection);

  /**
   * As {@link #completeIn(Connection)}, and the job gives back a result.
   *
   * @param result anything Jackson can write
   * @throws IllegalArgumentException at the call, if it cannot be written
   */
  Mono<Void> completeIn(Connection connection, Object result);

  /** The job whose run this is part of, from the Reactor Context; an error outside of a run. */
  static Mono<JobContext<?>> current() {
    return Mono.deferContextual(
        context ->
            context
                .<JobContext<?>>getOrEmpty(JobContext.class)
                .<Mono<JobContext<?>>>map(Mono::just)
                .orElseGet(
                    () -> Mono.error(new IllegalStateException("not inside the run of a job"))));
  }
}
