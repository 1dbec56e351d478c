package io.shigoto;

import io.shigoto.internal.node.Vitals;
import java.util.List;

/**
 * How a node is.
 *
 * @param status whether it does its work
 * @param phase where it is in its own life
 * @param databaseAnswers whether its last word from the database was not an error
 * @param connectionsBusy whether its connections for such questions were all busy for as long as a
 *     statement may take: then the database may be well, and what nobody serves is not known
 * @param notificationsArrive whether it hears of work at once; otherwise, and in poll-only mode,
 *     within the poll interval
 * @param outcomesWaiting how many runs have ended whose outcome is not yet written
 * @param runsHeld how many jobs it holds: waiting for a slot, running, or waiting to be written
 * @param broadcastsWaiting how many messages to all nodes it has learned of and neither handled nor
 *     given up; 0 without receivers
 * @param unserved work that waits although no live node serves it
 * @param overloaded queues of which this node does not claim all priorities because of overload, or
 *     did not until a while ago
 */
public record Health(
    Status status,
    Phase phase,
    boolean databaseAnswers,
    boolean connectionsBusy,
    boolean notificationsArrive,
    int outcomesWaiting,
    int runsHeld,
    long broadcastsWaiting,
    List<Unserved> unserved,
    List<Overloaded> overloaded) {

  public Health {
    unserved = List.copyOf(unserved);
    overloaded = List.copyOf(overloaded);
  }

  static Health of(Vitals vitals) {
    return new Health(
        status(vitals),
        Phase.valueOf(vitals.phase().name()),
        vitals.databaseAnswers(),
        vitals.connectionsBusy(),
        vitals.notificationsArrive(),
        vitals.outcomesWaiting(),
        vitals.runsHeld(),
        vitals.broadcastsWaiting(),
        vitals.look().unserved().stream()
            .map(found -> new Unserved(found.queue(), found.worker()))
            .toList(),
        vitals.overloaded().entrySet().stream()
            .map(queue -> new Overloaded(queue.getKey(), queue.getValue()))
            .toList());
  }

  private static Status status(Vitals vitals) {
    if (!vitals.works()) {
      return Status.DOWN;
    }
    return vitals.isFine() ? Status.UP : Status.DEGRADED;
  }

  /** Whether a node does its work. */
  public enum Status {
    /** All is well. */
    UP,
    /**
     * It works, and something needs a look: notifications do not arrive, jobs wait that nobody
     * serves, a queue is overloaded, or its own connections are all busy.
     */
    DEGRADED,
    /**
     * It does not work: not started, stopped, without the database, or about to begin anew because
     * something failed that must not.
     */
    DOWN
  }

  /** Where a node is in its life. */
  public enum Phase {
    /** It was built, and not started. */
    NEW,
    /** {@code start()} is under way. */
    STARTING,
    /** It works. */
    RUNNING,
    /** {@code stop} is under way: nothing is claimed any more. */
    STOPPING,
    /** It has stopped, for ever. */
    STOPPED
  }

  /** Jobs of this worker wait in this queue, and no live node serves both. */
  public record Unserved(String queue, String worker) {}

  /**
   * Jobs of this queue with a lower priority are not claimed. When it is {@link Short#MIN_VALUE},
   * all are claimed again, and it is seen whether that goes well.
   */
  public record Overloaded(String queue, int lowestPriority) {}
}
