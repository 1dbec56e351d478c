package io.shigoto.internal.known;

import io.shigoto.worker.ReactiveWorker;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The limits of a worker that claims keep, because this node alone cannot: as {@code
 * claim_limited.sql} takes them.
 *
 * @param names all names of the worker
 * @param most how many of its runs there may be, null for any number
 * @param each how many of each partition key, null for any number
 * @param rate at which they may start, null for any
 */
public record ClusterLimit(
    List<String> names, @Nullable Integer most, @Nullable Integer each, @Nullable SharedRate rate) {

  public ClusterLimit {
    names = List.copyOf(names);
  }

  static ClusterLimit of(List<String> names, WorkerLimits limits, String here) {
    return new ClusterLimit(
        names,
        orNull(limits.globalConcurrency()),
        orNull(limits.partitionConcurrency()),
        SharedRate.isNeededFor(limits.rate()) ? SharedRate.of(limits.rate(), here) : null);
  }

  /**
   * The same, for a claim now.
   *
   * @param delay how long it takes from a claim to the starts, in microseconds
   */
  public ClusterLimit now(long delay) {
    return rate == null ? this : new ClusterLimit(names, most, each, rate.with(delay));
  }

  private static @Nullable Integer orNull(int limit) {
    return limit == ReactiveWorker.UNLIMITED ? null : limit;
  }
}
