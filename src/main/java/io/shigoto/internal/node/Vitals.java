package io.shigoto.internal.node;

import io.shigoto.internal.find.DatabaseLook;
import java.util.Map;

/**
 * How a node is.
 *
 * @param broken whether it is about to begin anew
 * @param leaseInTrouble whether its last try to renew its lease has failed
 * @param look what the database said
 * @param outcomesWaiting how many outcomes are to be written
 * @param runsHeld how many jobs it holds
 * @param broadcastsWaiting how many messages to all nodes it has to handle
 * @param overloaded queues, and their lowest priorities that are claimed
 */
public record Vitals(
    Node.Phase phase,
    boolean broken,
    boolean leaseInTrouble,
    DatabaseLook.Seen look,
    Hearing hearing,
    int outcomesWaiting,
    int runsHeld,
    long broadcastsWaiting,
    Map<String, Integer> overloaded) {

  public Vitals {
    overloaded = Map.copyOf(overloaded);
  }

  /** Whether it does its work. */
  public boolean works() {
    return databaseAnswers() && phase == Node.Phase.RUNNING && !broken && !leaseInTrouble;
  }

  /** Whether nothing needs a look. */
  public boolean isFine() {
    return !connectionsBusy()
        && look.unserved().isEmpty()
        && overloaded.isEmpty()
        && hearing != Hearing.DEAF;
  }

  /** Without a look, it counts what the lease has heard, which has a connection of its own. */
  public boolean databaseAnswers() {
    return switch (look.answer()) {
      case GIVEN -> true;
      case NONE -> false;
      case NOT_ASKED -> !leaseInTrouble;
    };
  }

  /** Whether there was no connection to look by. */
  public boolean connectionsBusy() {
    return look.answer() == DatabaseLook.Answer.NOT_ASKED;
  }

  /** Whether it hears of work at once. */
  public boolean notificationsArrive() {
    return hearing == Hearing.HEARS;
  }

  /** How it hears of work. */
  public enum Hearing {
    /** At once. */
    HEARS,
    /** Not at once, though it should. */
    DEAF,
    /** At the poll interval, as it was told. */
    POLLS
  }
}
