package io.shigoto.internal.job;

import io.shigoto.worker.ReactiveWorker;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The limits of a worker that hold for all nodes together, as {@code claim_limited.sql} takes them.
 *
 * @param names all names of the worker
 * @param most how many of its runs there may be, null for any number
 * @param each how many of each partition key, null for any number
 */
public record ClusterLimit(List<String> names, @Nullable Integer most, @Nullable Integer each) {

  public ClusterLimit {
    names = List.copyOf(names);
  }

  static ClusterLimit of(List<String> names, WorkerLimits limits) {
    return new ClusterLimit(
        names, orNull(limits.globalConcurrency()), orNull(limits.partitionConcurrency()));
  }

  private static @Nullable Integer orNull(int limit) {
    return limit == ReactiveWorker.UNLIMITED ? null : limit;
  }
}
