package io.shigoto.internal.job;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a commit changed for those who wait: for work, for a time, for the end of a job. It travels
 * between nodes as messages, one letter and a value each: {@code q} and a queue in which jobs are
 * available, {@code d} and the milliseconds until a job is due, {@code j} and a job that ended,
 * {@code c} and a node some of whose jobs were called off; {@code p} alone says that a queue was
 * paused or resumed, {@code b} alone that a message to all nodes was published; {@code f} and the
 * name of a worker says that a run of it no longer counts in the cluster.
 *
 * @param queues where jobs are available now
 * @param dueIn in how many ms the soonest of the others is due; negative if there are none
 * @param ended jobs that ended and for whose end somebody waits
 * @param cancelling incarnations of nodes that are to end some of their runs
 * @param pauses whether queues were paused or resumed
 * @param broadcasts whether messages to all nodes were published
 * @param freed workers with limits of the cluster some of whose runs are over
 * @param aftermath what this node is to tell of; it does not travel
 */
public record News(
    Set<String> queues,
    long dueIn,
    Set<Long> ended,
    Set<String> cancelling,
    boolean pauses,
    boolean broadcasts,
    Set<String> freed,
    List<Aftermath> aftermath) {

  private static final long NOTHING_DUE = -1;

  /** Nothing has happened. */
  public static final News NONE = new News(Set.of(), NOTHING_DUE, Set.of());

  public News {
    queues = Set.copyOf(queues);
    ended = Set.copyOf(ended);
    cancelling = Set.copyOf(cancelling);
    freed = Set.copyOf(freed);
    aftermath = List.copyOf(aftermath);
  }

  /** With nothing but these. */
  public News(Set<String> queues, long dueIn, Set<Long> ended) {
    this(queues, dueIn, ended, Set.of(), false, false, Set.of(), List.of());
  }

  /** Queues were paused or resumed. */
  public static final News PAUSES =
      new News(Set.of(), NOTHING_DUE, Set.of(), Set.of(), true, false, Set.of(), List.of());

  /** Messages to all nodes were published. */
  public static final News BROADCASTS =
      new News(Set.of(), NOTHING_DUE, Set.of(), Set.of(), false, true, Set.of(), List.of());

  /** Jobs are available in a queue. */
  public static News available(String queue) {
    return new News(Set.of(queue), NOTHING_DUE, Set.of());
  }

  /** A job is due in so many ms. */
  public static News due(long dueIn) {
    return new News(Set.of(), Math.max(0, dueIn), Set.of());
  }

  /** Runs of these workers are over. */
  public static News freed(Set<String> workers) {
    return new News(Set.of(), NOTHING_DUE, Set.of(), Set.of(), false, false, workers, List.of());
  }

  /** What messages say. One that nobody of ours wrote says "look for what is due". */
  public static News of(Collection<String> messages) {
    Set<String> queues = new LinkedHashSet<>();
    Set<Long> ended = new LinkedHashSet<>();
    Set<String> cancelling = new LinkedHashSet<>();
    Set<String> freed = new LinkedHashSet<>();
    List<Aftermath> aftermath = new ArrayList<>();
    boolean pauses = false;
    boolean broadcasts = false;
    long soonest = NOTHING_DUE;
    for (String message : messages) {
      try {
        switch (message.charAt(0)) {
          case 'q' -> queues.add(message.substring(1));
          case 'j' -> ended.add(number(message));
          case 'c' -> cancelling.add(message.substring(1));
          case 'p' -> pauses = true;
          case 'b' -> broadcasts = true;
          case 'f' -> freed.add(message.substring(1));
          case 'e' -> aftermath.add(Aftermath.of(message));
          default -> soonest = sooner(soonest, Math.max(0, number(message)));
        }
      } catch (IllegalArgumentException | IndexOutOfBoundsException foreign) {
        soonest = 0;
      }
    }
    return new News(queues, soonest, ended, cancelling, pauses, broadcasts, freed, aftermath);
  }

  private static long number(String message) {
    return Long.parseLong(message, 1, message.length(), 10);
  }

  /** Both. */
  public News and(News other) {
    List<Aftermath> all = new ArrayList<>(aftermath);
    all.addAll(other.aftermath);
    return new News(
        union(queues, other.queues),
        sooner(dueIn, other.dueIn),
        union(ended, other.ended),
        union(cancelling, other.cancelling),
        pauses || other.pauses,
        broadcasts || other.broadcasts,
        union(freed, other.freed),
        all);
  }

  private static long sooner(long some, long other) {
    return some < 0 ? other : other < 0 ? some : Math.min(some, other);
  }

  /** Whether nothing has happened. */
  public boolean isNone() {
    return queues.isEmpty()
        && dueIn < 0
        && ended.isEmpty()
        && cancelling.isEmpty()
        && !pauses
        && !broadcasts
        && freed.isEmpty()
        && aftermath.isEmpty();
  }

  /** As messages. */
  public List<String> messages() {
    Stream<String> due = dueIn < 0 ? Stream.of() : Stream.of("d" + dueIn);
    Stream<String> pause = pauses ? Stream.of("p") : Stream.of();
    Stream<String> broadcast = broadcasts ? Stream.of("b") : Stream.of();
    return Stream.of(
            pause,
            broadcast,
            queues.stream().map(queue -> "q" + queue),
            freed.stream().map(worker -> "f" + worker),
            due,
            ended.stream().map(id -> "j" + id),
            cancelling.stream().map(node -> "c" + node))
        .flatMap(messages -> messages)
        .collect(Collectors.toList());
  }

  private static <T> Set<T> union(Set<T> some, Set<T> others) {
    if (others.isEmpty()) {
      return some;
    }
    Set<T> all = new LinkedHashSet<>(some);
    all.addAll(others);
    return all;
  }
}
