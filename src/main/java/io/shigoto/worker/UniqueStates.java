package io.shigoto.worker;

import io.shigoto.worker.Unique.State;
import java.util.EnumSet;
import java.util.Set;

/** In which states a job can hold its key. */
final class UniqueStates {

  /** All that are not terminal. */
  static final Set<State> LIVE =
      Set.of(State.WAITING, State.SCHEDULED, State.AVAILABLE, State.EXECUTING, State.RETRYABLE);

  private UniqueStates() {}

  /** Refuses sets in which no job could keep what it has promised. */
  static void check(Set<State> states) {
    require(
        states.contains(State.AVAILABLE),
        "a job must hold its key while it is AVAILABLE, but states are",
        states);
    require(
        states.contains(State.WAITING) == states.contains(State.SCHEDULED),
        "a job holds its key while it is WAITING and SCHEDULED or in neither, but states are",
        states);
    require(
        states.contains(State.EXECUTING) || !states.contains(State.COMPLETED),
        "a key that is given up at the start cannot be kept after the end, but states are",
        states);
    require(
        states.containsAll(LIVE)
            || !(states.contains(State.DISCARDED) || states.contains(State.CANCELLED)),
        "a key can be kept after a job is DISCARDED or CANCELLED only if it was held all the time, but states are",
        states);
  }

  /** A series is one job only if that can be met while it waits for the end of the series. */
  static Set<State> withThoseBefore(Set<State> states) {
    Set<State> all = EnumSet.of(State.WAITING, State.SCHEDULED);
    all.addAll(states);
    return Set.copyOf(all);
  }

  private static void require(boolean holds, String rule, Set<State> states) {
    if (!holds) {
      throw new IllegalArgumentException(rule + " " + states);
    }
  }
}
