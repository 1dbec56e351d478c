package io.shigoto.internal.job;

import java.util.List;
import java.util.Map;

/**
 * What a node tells of itself with each renewal of its lease: what keeps it from claiming.
 *
 * @param slots of each queue that it serves
 * @param holds of the workers of which it may start nothing now
 * @param cluster what holds for all nodes together, by the names of workers
 */
public record NodeState(
    Map<String, Slots> slots, Map<String, List<Hold>> holds, Map<String, ClusterLimit> cluster) {

  /** How many slots a queue has, and how many of them are free. */
  public record Slots(long free, int all) {}
}
