package io.shigoto.worker;

import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * One run of a job, as its worker sees it. Its text form leaves out args and meta.
 *
 * @param id the job
 * @param args its arguments
 * @param attempt the attempt that this run is, from 1
 * @param maxAttempts how many the job may have
 * @param queue the lane it was claimed from
 * @param worker the name stored with it, which may be an alias
 * @param priority higher is claimed first
 * @param tags its labels
 * @param meta what travels with it
 * @param partitionKey whose it is, if that was said
 * @param insertedAt when it was enqueued, by the database's clock
 * @param scheduledAt when it was due, by the database's clock
 */
public record JobContext<A>(
    long id,
    A args,
    int attempt,
    int maxAttempts,
    String queue,
    String worker,
    int priority,
    Set<String> tags,
    Map<String, String> meta,
    @Nullable String partitionKey,
    Instant insertedAt,
    Instant scheduledAt) {

  /**
   * The same for every attempt of the job, and different for every job: the key to make effects
   * idempotent with.
   */
  public String idempotencyKey() {
    return "shigoto-job-" + id;
  }

  /** The job whose run this is part of, from the Reactor Context; an error outside of a run. */
  public static Mono<JobContext<?>> current() {
    return Mono.deferContextual(
        context ->
            context
                .<JobContext<?>>getOrEmpty(JobContext.class)
                .<Mono<JobContext<?>>>map(Mono::just)
                .orElseGet(
                    () -> Mono.error(new IllegalStateException("not inside the run of a job"))));
  }

  @Override
  public String toString() {
    return "JobContext[id=%d, worker=%s, queue=%s, attempt=%d/%d]"
        .formatted(id, worker, queue, attempt, maxAttempts);
  }
}
