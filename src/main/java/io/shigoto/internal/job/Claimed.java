package io.shigoto.internal.job;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A job that this node has claimed, as the claim returned it: not yet decoded.
 *
 * @param lease the token of this claim; with the id it fences every later write of the run
 * @param args JSON
 * @param meta JSON, or null
 * @param batchId the batch it belongs to, or null
 * @param dependsOn the jobs that it waited for
 */
public record Claimed(
    long id,
    long lease,
    String queue,
    String worker,
    int attempt,
    int maxAttempts,
    int priority,
    String args,
    @Nullable String meta,
    Set<String> tags,
    @Nullable String partitionKey,
    @Nullable Long batchId,
    List<Long> dependsOn,
    Instant insertedAt,
    Instant scheduledAt,
    Instant claimedAt) {

  /** How much it weighs in memory, more or less. */
  public int weight() {
    return args.length() + (meta == null ? 0 : meta.length());
  }

  @Override
  public String toString() {
    return "Claimed[id=%d, lease=%d, worker=%s]".formatted(id, lease, worker);
  }
}
