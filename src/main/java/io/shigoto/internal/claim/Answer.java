package io.shigoto.internal.claim;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A row that {@code claim_limited.sql} returns. */
sealed interface Answer {

  int WORKER = 1;
  int ARGS = 2;
  int TURN = 8;
  int NOTE = 9;

  /**
   * A job.
   *
   * @param turn the jobs of a fair queue run in the order of their turns
   */
  record Job(Claimed job, int turn) implements Answer {}

  /** A worker of which another node claimed at this moment. */
  record Busy(String worker) implements Answer {}

  /** A worker of which more would have been claimed but for a limit. */
  record Full(String worker) implements Answer {}

  /** A worker whose other jobs in the queue wait for room of their partition keys. */
  record Crowded(String worker) implements Answer {}

  /** A worker of which more would have been claimed but for its rate. */
  record Paced(String worker, long micros) implements Answer {}

  /** Not all was seen, or others were faster. */
  record More() implements Answer {}

  /** More was there that would have been too heavy. */
  record TooMuch() implements Answer {}

  /** Where the claim left off. */
  record LeftOff(String where) implements Answer {}

  static Answer of(Readable row, Function<Readable, Claimed> read) {
    if (row.get(0) != null) {
      return new Job(read.apply(row), Objects.requireNonNull(row.get(TURN, Integer.class)));
    }
    String note = text(row, NOTE);
    return switch (note) {
      case "busy" -> new Busy(text(row, WORKER));
      case "full" -> new Full(text(row, WORKER));
      case "crowded" -> new Crowded(text(row, WORKER));
      case "paced" -> new Paced(text(row, WORKER), Long.parseLong(text(row, ARGS)));
      case "more" -> new More();
      case "too much" -> new TooMuch();
      case "left off" -> new LeftOff(text(row, ARGS));
      default -> throw new IllegalStateException("claim_limited.sql says " + note);
    };
  }

  /** What they say together. */
  static Brought brought(List<Answer> answers) {
    Set<String> busy = new HashSet<>();
    Set<String> full = new HashSet<>();
    Set<String> crowded = new HashSet<>();
    boolean tooMuch = false;
    Map<String, Long> paced = new HashMap<>();
    boolean more = false;
    @Nullable String leftOff = null;
    for (Answer answer : answers) {
      if (answer instanceof Busy one) {
        busy.add(one.worker);
      } else if (answer instanceof Full one) {
        full.add(one.worker);
      } else if (answer instanceof Crowded one) {
        crowded.add(one.worker);
      } else if (answer instanceof Paced one) {
        paced.put(one.worker, one.micros);
      } else if (answer instanceof LeftOff at) {
        leftOff = at.where;
      } else {
        tooMuch |= answer instanceof TooMuch;
        more |= answer instanceof More || answer instanceof TooMuch;
      }
    }
    return new Brought(jobs(answers), busy, full, crowded, paced, tooMuch, more, leftOff);
  }

  private static List<Claimed> jobs(List<Answer> answers) {
    return answers.stream()
        .filter(Job.class::isInstance)
        .map(Job.class::cast)
        .sorted(Comparator.comparingInt(Job::turn).thenComparing(Job::job, Claimer.BEST_FIRST))
        .map(Job::job)
        .toList();
  }

  private static String text(Readable row, int column) {
    return Objects.requireNonNull(row.get(column, String.class));
  }
}
