package io.shigoto.control;

import io.shigoto.job.JobState;
import io.shigoto.job.Name;
import io.shigoto.worker.Given;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Which jobs are meant: those for which everything holds that was said. Immutable, each method
 * gives a changed copy; said again, a condition replaces what was said before.
 *
 * <p>One that says nothing is refused by whatever takes it, because it is more often a mistake than
 * meant; {@link #all()} is meant.
 *
 * <p>Errors: what makes no sense, or can never hold, is refused by the method that takes it, with
 * an {@link IllegalArgumentException} that names it. Its text form leaves out the args.
 */
public final class JobFilter {

  private final Conditions conditions;
  private final boolean all;

  private JobFilter(Conditions conditions, boolean all) {
    this.conditions = conditions;
    this.all = all;
  }

  /** Nothing is said yet. */
  public static JobFilter where() {
    return new JobFilter(Conditions.NONE, false);
  }

  /** Every job, unless more is said. */
  public static JobFilter all() {
    return new JobFilter(Conditions.NONE, true);
  }

  /** For one of these workers. */
  public JobFilter worker(String... names) {
    Set<String> workers = names("worker", names);
    return with(draft -> draft.workers = workers);
  }

  /** In one of these queues. */
  public JobFilter queue(String... names) {
    Set<String> queues = names("queue", names);
    return with(draft -> draft.queues = queues);
  }

  /** With one of these partition keys. */
  public JobFilter partitionKey(String... keys) {
    Set<String> partitions = names("partitionKey", keys);
    return with(draft -> draft.partitions = partitions);
  }

  /** In one of these states when it is looked at. */
  public JobFilter state(JobState... states) {
    Set<JobState> some = Set.copyOf(List.of(given("state", states)));
    return with(draft -> draft.states = some);
  }

  /** In this batch. */
  public JobFilter batch(long id) {
    Long batch = id("batch", id);
    return with(draft -> draft.batch = batch);
  }

  /** One of these jobs; there need not be any. At most 10,000. */
  public JobFilter ids(Collection<Long> ids) {
    Set<Long> some = new TreeSet<>();
    Given.all("ids", ids).forEach(id -> some.add(id("id", id)));
    if (some.isEmpty() || some.size() > 10_000) {
      throw new IllegalArgumentException("ids must be 1 to 10000, but are " + some.size());
    }
    return with(draft -> draft.ids = some);
  }

  /** With all of these tags. */
  public JobFilter tags(String... tags) {
    Set<String> some = names("tag", tags);
    return with(draft -> draft.tags = some);
  }

  /** With one of these tags, or more. */
  public JobFilter anyTag(String... tags) {
    Set<String> some = names("tag", tags);
    return with(draft -> draft.anyTags = some);
  }

  /**
   * Whose arguments contain this, as PostgreSQL's {@code @>} has it: an object contains another if
   * it has its fields, and the values of these contain the other's; so does an array its elements,
   * in any order. All else has to be equal.
   *
   * @param part anything Jackson can write, such as {@code Map.of("customer", 17)}; it is written
   *     when the filter is used, and refused then if it cannot be
   */
  public JobFilter args(Object part) {
    Objects.requireNonNull(part, "args");
    return with(draft -> draft.args = part);
  }

  /** Inserted at this time or later, by the database's clock. */
  public JobFilter insertedFrom(Instant time) {
    return with(draft -> draft.inserted = draft.inserted.from(time));
  }

  /** Inserted before this time. */
  public JobFilter insertedBefore(Instant time) {
    return with(draft -> draft.inserted = draft.inserted.before(time));
  }

  /** Ended at this time or later, by the database's clock. Live jobs have not. */
  public JobFilter finishedFrom(Instant time) {
    return with(draft -> draft.finished = draft.finished.from(time));
  }

  /** Ended before this time. Live jobs have not. */
  public JobFilter finishedBefore(Instant time) {
    return with(draft -> draft.finished = draft.finished.before(time));
  }

  /**
   * What was said.
   *
   * @throws IllegalArgumentException if nothing was, and not {@link #all()} either
   */
  public Conditions conditions() {
    if (!all && conditions.equals(Conditions.NONE)) {
      throw new IllegalArgumentException(
          "the filter says nothing: if every job is meant, use JobFilter.all()");
    }
    return conditions;
  }

  private JobFilter with(Consumer<Draft> change) {
    Draft draft = new Draft(conditions);
    change.accept(draft);
    return new JobFilter(draft.conditions(), all);
  }

  private static Set<String> names(String what, String[] names) {
    for (String name : given(what, names)) {
      Name.require(what, name);
    }
    return new TreeSet<>(List.of(names));
  }

  private static <T> T[] given(String what, T[] values) {
    if (Given.all(what, values).length == 0) {
      throw new IllegalArgumentException("no " + what + " is given");
    }
    return values;
  }

  private static Long id(String what, long id) {
    if (id < 1) {
      throw new IllegalArgumentException("%s must be an id from 1, but is %d".formatted(what, id));
    }
    return id;
  }

  @Override
  public String toString() {
    return all && conditions.equals(Conditions.NONE) ? "JobFilter[all]" : "JobFilter" + conditions;
  }
}
