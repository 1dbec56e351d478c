package io.shigoto.internal.history;

import io.r2dbc.spi.Statement;
import io.shigoto.job.JobState;
import io.shigoto.worker.Given;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * How many days ended jobs are kept, beside today.
 *
 * @param all those in states of which nothing else is said
 * @param own of states of which something else is said
 */
public record Retention(int all, Map<JobState, Integer> own) {

  private static final List<JobState> STATES =
      Stream.of(JobState.values()).filter(JobState::isTerminal).toList();

  private static final Duration SHORTEST = Duration.ofDays(1);

  /** Not so long that it could not be reckoned with. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

  public Retention {
    own = Map.copyOf(own);
  }

  /** For jobs in all states. */
  public static Retention of(Duration time) {
    return new Retention(days("retention", time), Map.of());
  }

  /** For jobs in states of which nothing else is said. */
  public Retention with(Duration time) {
    return new Retention(days("retention", time), own);
  }

  /** For jobs that ended in this state. */
  public Retention with(JobState state, Duration time) {
    Objects.requireNonNull(state, "state");
    Objects.requireNonNull(time, "retention");
    if (!state.isTerminal()) {
      throw new IllegalArgumentException(
          "retention is said of the states %s, but not of %s".formatted(STATES, state));
    }
    Map<JobState, Integer> more = new EnumMap<>(JobState.class);
    more.putAll(own);
    more.put(state, days("retention of " + state, time));
    return new Retention(all, more);
  }

  private static int days(String what, Duration time) {
    long days = Given.between(what, time, SHORTEST, LONGEST).toDays();
    if (!time.equals(Duration.ofDays(days))) {
      throw new IllegalArgumentException("%s must be whole days, but is %s".formatted(what, time));
    }
    return (int) days;
  }

  /** Of jobs that ended in this state. */
  public int days(JobState state) {
    return own.getOrDefault(state, all);
  }

  /** After this nobody wants to keep any. */
  public int longest() {
    return Stream.of(days()).reduce(0, Math::max);
  }

  /** Says so to a statement: the states are its second parameter, the days of each the third. */
  public void bind(Statement statement) {
    statement.bind(1, states()).bind(2, days());
  }

  /** All terminal states, as the database calls them. */
  String[] states() {
    return STATES.stream().map(JobState::sqlName).toArray(String[]::new);
  }

  /** Of each of these. */
  Integer[] days() {
    return STATES.stream().map(this::days).toArray(Integer[]::new);
  }
}
