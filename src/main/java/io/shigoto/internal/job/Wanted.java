package io.shigoto.internal.job;

import io.shigoto.internal.known.ClusterLimit;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a claim asks for.
 *
 * @param limit how many jobs in all
 * @param load how much they may weigh, as {@link Claimed#weight}; the first one may weigh more
 * @param workers of these workers
 * @param allowances how many of each at most, in their order
 * @param limits those that the claim has to keep, of some of them
 * @param lowest no job of a lower priority
 * @param fair whether partition keys take turns
 * @param leftOff what the last such claim of the queue said about where it left off
 */
public record Wanted(
    String queue,
    int limit,
    long load,
    List<String> workers,
    List<Integer> allowances,
    List<ClusterLimit> limits,
    int lowest,
    boolean fair,
    @Nullable String leftOff) {

  /** With nothing that would concern other nodes. */
  public static Wanted plain(
      String queue, int limit, long load, List<String> workers, List<Integer> allowances) {
    return new Wanted(
        queue, limit, load, workers, allowances, List.of(), Short.MIN_VALUE, false, null);
  }

  /** Whether no limit is to be kept, and nobody takes turns. */
  public boolean isPlain() {
    return limits.isEmpty() && !fair;
  }
}
