package io.shigoto.bench;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What is to be measured.
 *
 * @param quick small and short
 * @param only the benches wanted
 * @param subjects the subjects wanted; empty for all
 * @param rounds how often each measurement is made
 * @param quietWait how many seconds each run waits at most for other programs to become quiet
 * @param minutes how long a soak is
 * @param write whether docs/performance is written
 */
record Options(
    boolean quick,
    Set<String> only,
    Set<String> subjects,
    int rounds,
    int quietWait,
    int minutes,
    boolean write) {

  static final List<String> BENCHES =
      List.of(
          "drain", "enqueue", "latency", "idle", "deep", "batch", "limited", "pinned", "nodes",
          "soak");

  /** Those that are run unless others are named. */
  private static final List<String> USUAL = BENCHES.subList(0, BENCHES.size() - 1);

  /** Those that fit into less than a minute. */
  private static final List<String> QUICK = List.of("drain", "enqueue", "latency", "idle");

  static Options parse(String[] arguments) {
    boolean quick = false;
    boolean write = false;
    int rounds = 0;
    int quietWait = -1;
    int minutes = 60;
    Set<String> only = new LinkedHashSet<>();
    Set<String> subjects = new LinkedHashSet<>();
    Deque<String> left = new ArrayDeque<>(List.of(arguments));
    while (!left.isEmpty()) {
      String argument = left.remove();
      switch (argument) {
        case "--quick" -> quick = true;
        case "--minutes" -> minutes = Integer.parseInt(left.remove());
        case "--write" -> write = true;
        case "--only" -> only.addAll(List.of(left.remove().split(",")));
        case "--subjects" -> subjects.addAll(List.of(left.remove().split(",")));
        case "--rounds" -> rounds = Integer.parseInt(left.remove());
        case "--quiet-wait" -> quietWait = Integer.parseInt(left.remove());
        default -> throw new IllegalArgumentException("unknown: " + argument);
      }
    }
    if (!BENCHES.containsAll(only)) {
      throw new IllegalArgumentException("benches are " + BENCHES + ", wanted " + only);
    }
    if (rounds == 0) {
      rounds = quick ? (only.size() == 1 ? 3 : 1) : 5;
    }
    if (quietWait < 0) {
      quietWait = quick ? 0 : 10;
    }
    if (only.isEmpty()) {
      only.addAll(quick ? QUICK : USUAL);
    }
    return new Options(quick, only, subjects, rounds, quietWait, minutes, write);
  }

  /** The same for one subject alone. */
  Options only(String subject) {
    return new Options(quick, only, Set.of(subject), rounds, quietWait, minutes, write);
  }

  /** Whether many benches have to fit into a short time. */
  boolean brief() {
    return quick && only.size() > 1;
  }

  boolean wants(String subject) {
    return subjects.isEmpty() || subjects.stream().anyMatch(subject::startsWith);
  }
}
