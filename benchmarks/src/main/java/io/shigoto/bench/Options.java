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
 * @param write whether docs/performance is written
 */
record Options(boolean quick, Set<String> only, Set<String> subjects, int rounds, boolean write) {

  static final List<String> BENCHES = List.of("drain", "enqueue", "latency", "idle");

  static Options parse(String[] arguments) {
    boolean quick = false;
    boolean write = false;
    int rounds = 0;
    Set<String> only = new LinkedHashSet<>();
    Set<String> subjects = new LinkedHashSet<>();
    Deque<String> left = new ArrayDeque<>(List.of(arguments));
    while (!left.isEmpty()) {
      String argument = left.remove();
      switch (argument) {
        case "--quick" -> quick = true;
        case "--write" -> write = true;
        case "--only" -> only.addAll(List.of(left.remove().split(",")));
        case "--subjects" -> subjects.addAll(List.of(left.remove().split(",")));
        case "--rounds" -> rounds = Integer.parseInt(left.remove());
        default -> throw new IllegalArgumentException("unknown: " + argument);
      }
    }
    if (!BENCHES.containsAll(only)) {
      throw new IllegalArgumentException("benches are " + BENCHES + ", wanted " + only);
    }
    if (rounds == 0) {
      rounds = quick ? (only.size() == 1 ? 3 : 1) : 5;
    }
    return new Options(
        quick, only.isEmpty() ? new LinkedHashSet<>(BENCHES) : only, subjects, rounds, write);
  }

  /** The same for one subject alone. */
  Options only(String subject) {
    return new Options(quick, only, Set.of(subject), rounds, write);
  }

  boolean wants(String subject) {
    return subjects.isEmpty() || subjects.stream().anyMatch(subject::startsWith);
  }
}
