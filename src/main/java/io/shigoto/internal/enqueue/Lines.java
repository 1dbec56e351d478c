package io.shigoto.internal.enqueue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Those who wait, in a line for each thing that is waited for. The lines take turns.
 *
 * <p>The protocol: a line is there from the first who joins it until it is found empty by {@link
 * #next}. Between, its name is either in {@code turns}, once, or with whoever has taken it from
 * there: only he calls {@link #next} and {@link #back}. Anybody may join. A line changes only
 * inside of an atomic operation of the map.
 *
 * @param <K> the name of a line
 * @param <T> one who waits
 */
final class Lines<K, T> {

  private final Map<K, Deque<T>> lines = new ConcurrentHashMap<>();
  private final Queue<K> turns = new ConcurrentLinkedQueue<>();

  boolean isEmpty() {
    return lines.isEmpty();
  }

  int size() {
    return lines.size();
  }

  boolean contains(K name) {
    return lines.containsKey(name);
  }

  void join(K name, T last) {
    lines.compute(
        name,
        (same, line) -> {
          Deque<T> joined = line;
          if (joined == null) {
            joined = new ArrayDeque<>();
            turns.add(name);
          }
          joined.addLast(last);
          return joined;
        });
  }

  /** The name of the line whose turn it is; null: none. */
  @Nullable K turn() {
    return turns.poll();
  }

  /** Takes the first out of the line; null: nobody was in it, and it is gone. */
  @Nullable T next(K name) {
    List<T> taken = new ArrayList<>(1);
    lines.computeIfPresent(
        name,
        (same, line) -> {
          T first = line.pollFirst();
          if (first == null) {
            return null;
          }
          taken.add(first);
          return line;
        });
    return taken.isEmpty() ? null : taken.get(0);
  }

  /** Takes one back to the front of the line, whose turn is over. */
  void back(K name, T first) {
    lines.computeIfPresent(
        name,
        (same, line) -> {
          line.addFirst(first);
          turns.add(name);
          return line;
        });
  }

  /** Takes out all who are so. */
  List<T> dismiss(Predicate<T> who) {
    List<T> dismissed = new ArrayList<>();
    for (K name : lines.keySet()) {
      lines.computeIfPresent(
          name,
          (same, line) -> {
            line.removeIf(one -> who.test(one) && dismissed.add(one));
            return line;
          });
    }
    return dismissed;
  }
}
