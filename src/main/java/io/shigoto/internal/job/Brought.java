package io.shigoto.internal.job;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a claim brought.
 *
 * @param jobs in the order in which they are to be run
 * @param busy names of workers of which another node claimed at this moment
 * @param full names of workers of which more would have been claimed but for a limit of the cluster
 * @param crowded names of workers whose other jobs in this queue all have partition keys of which
 *     no more may run
 * @param paced names of workers of which more would have been claimed but for their rate, and in
 *     how many microseconds that may change
 * @param tooMuch whether there were more that would have been too heavy
 * @param more whether the queue may have more of what was asked for, although less was brought
 * @param leftOff where the claim left off, for the next one
 */
public record Brought(
    List<Claimed> jobs,
    Set<String> busy,
    Set<String> full,
    Set<String> crowded,
    Map<String, Long> paced,
    boolean tooMuch,
    boolean more,
    @Nullable String leftOff) {

  /** Nothing but jobs. */
  public static Brought plain(List<Claimed> jobs, boolean tooMuch) {
    return new Brought(jobs, Set.of(), Set.of(), Set.of(), Map.of(), tooMuch, tooMuch, null);
  }
}
