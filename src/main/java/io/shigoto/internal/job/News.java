package io.shigoto.internal.job;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * What a commit changed for those who wait: for work, for a time, for the end of a job. It travels
 * between nodes as messages, one letter and a value each: {@code q} and a queue in which jobs are
 * available, {@code d} and the milliseconds until a job is due, {@code j} and a job that ended;
 * {@code p} alone says that a queue was paused or resumed.
 *
 * @param queues where jobs are available now
 * @param dueIn in how many ms the soonest of the others is due; negative if there are none
 * @param ended jobs that ended and for whose end somebody waits
 * @param pauses whether queues were paused or resumed
 */
public record News(Set<String> queues, long dueIn, Set<Long> ended, boolean pauses) {

  private static final long NOTHING_DUE = -1;

  /** Nothing has happened. */
  public static final News NONE = new News(Set.of(), NOTHING_DUE, Set.of());

  public News {
    queues = Set.copyOf(queues);
    ended = Set.copyOf(ended);
  }

  /** Without pauses. */
  public News(Set<String> queues, long dueIn, Set<Long> ended) {
    this(queues, dueIn, ended, false);
  }

  /** Queues were paused or resumed. */
  public static final News PAUSES = new News(Set.of(), NOTHING_DUE, Set.of(), true);

  /** Jobs are available in a queue. */
  public static News available(String queue) {
    return new News(Set.of(queue), NOTHING_DUE, Set.of());
  }

  /** A job is due in so many ms. */
  public static News due(long dueIn) {
    return new News(Set.of(), Math.max(0, dueIn), Set.of());
  }

  /** What messages say. One that nobody of ours wrote says "look for what is due". */
  public static News of(Collection<String> messages) {
    return messages.stream().map(News::of).reduce(NONE, News::and);
  }

  private static News of(String message) {
    if (message.startsWith("q")) {
      return available(message.substring(1));
    }
    if (message.equals("p")) {
      return PAUSES;
    }
    try {
      long value = Long.parseLong(message, 1, message.length(), 10);
      return message.startsWith("j") ? new News(Set.of(), NOTHING_DUE, Set.of(value)) : due(value);
    } catch (NumberFormatException | IndexOutOfBoundsException foreign) {
      return due(0);
    }
  }

  /** Both. */
  public News and(News other) {
    long soonest =
        LongStream.of(dueIn, other.dueIn).filter(due -> due >= 0).min().orElse(NOTHING_DUE);
    return new News(
        union(queues, other.queues), soonest, union(ended, other.ended), pauses || other.pauses);
  }

  /** Whether nothing has happened. */
  public boolean isNone() {
    return queues.isEmpty() && dueIn < 0 && ended.isEmpty() && !pauses;
  }

  /** As messages. */
  public List<String> messages() {
    Stream<String> due = dueIn < 0 ? Stream.of() : Stream.of("d" + dueIn);
    Stream<String> pause = pauses ? Stream.of("p") : Stream.of();
    return Stream.of(
            pause,
            queues.stream().map(queue -> "q" + queue),
            due,
            ended.stream().map(id -> "j" + id))
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
