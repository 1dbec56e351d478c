package io.shigoto.job;

import static java.util.Objects.requireNonNull;

import io.shigoto.worker.JobError;
import java.lang.reflect.Type;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;

/**
 * A job as it stood in the database when it was read. Its text form leaves out args, meta and
 * result.
 *
 * @param id the job
 * @param state where it is in its life
 * @param queue the lane it waits in
 * @param worker the name of the code that runs it
 * @param args its arguments, as JSON text
 * @param meta what travels with it
 * @param tags its labels
 * @param priority higher is claimed first
 * @param attempt how many attempts were started and not given back
 * @param maxAttempts how many it may have
 * @param partitionKey whose it is, if that was said
 * @param insertedAt when it was enqueued
 * @param scheduledAt when it is or was due
 * @param claimedAt when its latest run was claimed; null if none was
 * @param finishedAt when it ended; null while it lives
 * @param node the incarnation of the node that runs it; null if none does
 * @param errors its latest failures, oldest first
 * @param result what it gave back, as JSON text; null if nothing
 * @param progress how far it is, 0 to 100; null if it never said
 * @param batchId the batch it belongs to, or null
 * @param dependsOn the jobs that it waits or waited for, ascending
 * @param reader reads the result as the node does that found the job
 */
public record Job(
    long id,
    JobState state,
    String queue,
    String worker,
    String args,
    Map<String, String> meta,
    Set<String> tags,
    int priority,
    int attempt,
    int maxAttempts,
    @Nullable String partitionKey,
    Instant insertedAt,
    Instant scheduledAt,
    @Nullable Instant claimedAt,
    @Nullable Instant finishedAt,
    @Nullable String node,
    List<JobError> errors,
    @Nullable String result,
    @Nullable Integer progress,
    @Nullable Long batchId,
    List<Long> dependsOn,
    ResultReader reader) {

  public Job {
    meta = Map.copyOf(meta);
    tags = Set.copyOf(tags);
    errors = List.copyOf(errors);
    dependsOn = List.copyOf(dependsOn);
  }

  /**
   * What it gave back, as this type; empty if it gave back nothing.
   *
   * @throws ResultDoesNotFit naming the JSON path
   */
  public <R> Optional<R> result(Class<R> type) {
    return readResult(requireNonNull(type, "type"));
  }

  /**
   * What it gave back, as this type; empty if it gave back nothing.
   *
   * @throws ResultDoesNotFit naming the JSON path
   */
  public <R> Optional<R> result(TypeReference<R> type) {
    return readResult(requireNonNull(type, "type").getType());
  }

  @SuppressWarnings("unchecked") // the reader reads it as that type
  private <R> Optional<R> readResult(Type type) {
    return Optional.ofNullable(result).map(json -> (R) reader.read(id, json, type));
  }

  @Override
  public String toString() {
    return "Job[id=%d, state=%s, queue=%s, worker=%s, attempt=%d/%d]"
        .formatted(id, state, queue, worker, attempt, maxAttempts);
  }
}
