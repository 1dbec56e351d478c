package io.shigoto.internal.known;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a node tells of itself with each renewal of its lease: what keeps it from claiming.
 *
 * @param slots for all its queues together, null if there is no limit
 * @param queues that it serves
 * @param holds of the workers of which it may start nothing now
 * @param cluster what holds for all nodes together, by the names of workers
 */
public record NodeState(
    @Nullable Slots slots,
    Map<String, Queue> queues,
    Map<String, List<Hold>> holds,
    Map<String, ClusterLimit> cluster) {

  /** How many there are, and how many of them are free. */
  public record Slots(long free, int all) {}

  /**
   * A queue.
   *
   * @param lowest the lowest priority that is claimed of it
   * @param full whether its jobs here weigh all that they may
   */
  public record Queue(Slots slots, int lowest, boolean full) {}
}
