package io.shigoto.control;

import io.shigoto.job.JobState;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link JobFilter} says. Sets that are empty, and what is null, say nothing. Its text form
 * leaves out the args.
 *
 * @param workers their names
 * @param queues their names
 * @param partitions partition keys
 * @param states states
 * @param batch a batch
 * @param ids jobs
 * @param tags tags that a job has to have, all of them
 * @param anyTags tags of which a job has to have one
 * @param args what its arguments have to contain
 * @param inserted when it was inserted
 * @param finished when it ended
 */
public record Conditions(
    Set<String> workers,
    Set<String> queues,
    Set<String> partitions,
    Set<JobState> states,
    @Nullable Long batch,
    Set<Long> ids,
    Set<String> tags,
    Set<String> anyTags,
    @Nullable Object args,
    Span inserted,
    Span finished) {

  static final Conditions NONE =
      new Conditions(
          Set.of(),
          Set.of(),
          Set.of(),
          Set.of(),
          null,
          Set.of(),
          Set.of(),
          Set.of(),
          null,
          Span.ALWAYS,
          Span.ALWAYS);

  public Conditions {
    if (!finished.equals(Span.ALWAYS)
        && !states.isEmpty()
        && states.stream().noneMatch(JobState::isTerminal)) {
      throw new IllegalArgumentException(
          "no job in state %s has finished, so it cannot have finished %s"
              .formatted(states, finished));
    }
    workers = Set.copyOf(workers);
    queues = Set.copyOf(queues);
    partitions = Set.copyOf(partitions);
    states = Set.copyOf(states);
    ids = Set.copyOf(ids);
    tags = Set.copyOf(tags);
    anyTags = Set.copyOf(anyTags);
  }

  /**
   * The same, for jobs in these states only.
   *
   * @param what what is to be done to them, for the error
   * @throws IllegalArgumentException if what was said of the states excludes all of them
   */
  public Conditions within(Set<JobState> some, String what) {
    Draft draft = new Draft(this);
    draft.states = new TreeSet<>(some);
    if (!states.isEmpty()) {
      draft.states.retainAll(states);
    }
    if (draft.states.isEmpty()) {
      throw new IllegalArgumentException(
          "jobs in state %s cannot be %s".formatted(new TreeSet<>(states), what));
    }
    return draft.conditions();
  }

  @Override
  public String toString() {
    return "[workers=%s, queues=%s, partitions=%s, states=%s, batch=%s, ids=%s, tags=%s, anyTags=%s, inserted=%s, finished=%s]"
        .formatted(
            workers, queues, partitions, states, batch, ids, tags, anyTags, inserted, finished);
  }

  /**
   * A time from one instant, included, to another, which is not.
   *
   * @param from null: since ever
   * @param before null: for ever
   */
  public record Span(@Nullable Instant from, @Nullable Instant before) {

    static final Span ALWAYS = new Span(null, null);

    private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
    private static final Instant LAST = Instant.parse("9999-12-31T00:00:00Z");

    public Span {
      if (from != null && before != null && !from.isBefore(before)) {
        throw new IllegalArgumentException(
            "no time is from %s and before %s".formatted(from, before));
      }
    }

    Span from(Instant time) {
      return new Span(known(time), before);
    }

    Span before(Instant time) {
      return new Span(from, known(time));
    }

    /**
     * To the microsecond, upwards: the database's times have no more, and this keeps their order.
     */
    private static Instant known(Instant time) {
      Objects.requireNonNull(time, "time");
      if (time.isBefore(FIRST) || time.isAfter(LAST)) {
        throw new IllegalArgumentException("time must be from year 1 to 9999, but is " + time);
      }
      Instant micros = time.truncatedTo(ChronoUnit.MICROS);
      return micros.equals(time) ? time : micros.plus(1, ChronoUnit.MICROS);
    }

    @Override
    public String toString() {
      return "from " + from + " before " + before;
    }
  }
}
