package io.shigoto.internal.shed;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How overloaded a queue is, and what it therefore does not claim: a pure function of what was
 * before, what a claim tells, and the time. Times are nanoseconds.
 *
 * <p>The signal is that of CoDel (Nichols and Jacobson, "Controlling Queue Delay", ACM Queue 10/5,
 * 2012): not how long a queue is, nor the mean delay, but the <em>least</em> delay within a window.
 * A burst leaves somebody who hardly waited; overload leaves nobody. Here it is the least wait of
 * the highest priority that was claimed, for the others wait by design, and the least time of a
 * claim. Low priorities go first, step by step, as Netflix does it ("Keeping Netflix Reliable Using
 * Prioritized Load Shedding", 2020); what is turned away is not begun at all (Nygard, "Release
 * It!", second edition, "Shed Load").
 *
 * <p>It always recovers, because what tells of overload has to be heard in each window. One in
 * which it is not heard, be it that nothing was claimed, is calm; after some of these in a row, the
 * last step is taken back. That is the probe. If it has to be taken again, the next one comes twice
 * as late, up to {@link #LONGEST_CALM} windows. And a step spares the best of its window: if only
 * low jobs are left, they are the best.
 *
 * @param floors the lowest priorities that were still claimed after each step, ascending
 * @param known priorities that were claimed, ascending
 * @param window what the present window tells so far
 * @param calm how many calm windows there were in a row since the last step
 * @param patience how many of them it takes to take back a step
 * @param probe the floor of the step that was taken back last, or null
 */
record Overload(
    List<Integer> floors,
    List<Integer> known,
    Window window,
    long calm,
    int patience,
    @Nullable Integer probe) {

  /** How many calm windows it takes to take back a step, at first. */
  static final int SHORTEST_CALM = 3;

  /** How many it takes at most; after as many of them all is forgotten. */
  static final int LONGEST_CALM = 48;

  /** The lowest floor: nothing is below it. */
  static final int ALL = Short.MIN_VALUE;

  private static final int MOST_KNOWN = 16;

  /** Nothing is shed, and nothing is known. */
  static Overload none(long now) {
    return new Overload(List.of(), List.of(), Window.begin(now), 0, SHORTEST_CALM, null);
  }

  /** How many steps have been taken. */
  int level() {
    return floors.size();
  }

  /** Whether anything is shed, or was so shortly ago that it may have to be again. */
  boolean isTroubled() {
    return !floors.isEmpty() || probe != null;
  }

  /** The lowest priority that may be claimed. */
  int floor() {
    return floors.isEmpty() ? ALL : floors.get(floors.size() - 1);
  }

  /** A claim tells something. */
  Overload heard(Sample sample, long now, Targets targets) {
    Overload present = at(now, targets);
    return new Overload(
        present.floors,
        learned(present.known, sample.priorities()),
        present.window.with(sample),
        present.calm,
        present.patience,
        present.probe);
  }

  /** What it is now: windows that are over by now are judged. */
  Overload at(long now, Targets targets) {
    long over = (now - window.began()) / targets.window();
    if (over < 1) {
      return this;
    }
    Window next = Window.begin(window.began() + over * targets.window());
    return window.isOverload(targets) ? worse(targets).calmer(over - 1, next) : calmer(over, next);
  }

  /** One more priority is shed, if there is one that is lower than the best. */
  private Overload worse(Targets targets) {
    Integer next = nextFloor(window.protects(targets));
    if (next == null) {
      return new Overload(floors, known, window, 0, patience, probe);
    }
    List<Integer> more = new ArrayList<>(floors);
    more.add(next);
    boolean again = next.equals(probe);
    int longer = again ? Math.min(LONGEST_CALM, 2 * patience) : patience;
    return new Overload(List.copyOf(more), known, window, 0, longer, null);
  }

  private @Nullable Integer nextFloor(@Nullable Integer best) {
    return known.stream()
        .skip(1)
        .filter(priority -> priority > floor() && best != null && priority <= best)
        .findFirst()
        .orElse(null);
  }

  private Overload calmer(long windows, Window next) {
    List<Integer> fewer = new ArrayList<>(floors);
    long quiet = calm + windows;
    Integer last = probe;
    while (!fewer.isEmpty() && quiet >= patience) {
      quiet -= patience;
      last = fewer.remove(fewer.size() - 1);
    }
    boolean over = fewer.isEmpty() && quiet >= LONGEST_CALM;
    return new Overload(
        List.copyOf(fewer),
        known,
        next,
        Math.min(quiet, LONGEST_CALM),
        over ? SHORTEST_CALM : patience,
        over ? null : last);
  }

  /** Of very many priorities some are enough. */
  private static List<Integer> learned(List<Integer> known, Set<Integer> more) {
    if (known.containsAll(more)) {
      return known;
    }
    TreeSet<Integer> all = new TreeSet<>(known);
    all.addAll(more);
    List<Integer> some = new ArrayList<>(all);
    while (some.size() > MOST_KNOWN) {
      some.remove(some.size() / 2);
    }
    return List.copyOf(some);
  }
}
