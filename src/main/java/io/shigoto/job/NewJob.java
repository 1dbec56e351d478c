package io.shigoto.job;

import io.shigoto.worker.Given;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * A job to be enqueued: immutable, each method gives a changed copy. What is not set here is the
 * worker's own default, or the library's if this node does not know the worker.
 *
 * <p>Errors: a value that makes no sense is refused by the method that takes it, with an {@link
 * IllegalArgumentException} that names it. Its text form leaves out args and meta.
 */
public final class NewJob {

  private final @Nullable Class<?> workerClass;
  private final @Nullable String workerName;
  private final Object args;
  private final Options options;

  private NewJob(
      @Nullable Class<?> workerClass, @Nullable String workerName, Object args, Options options) {
    this.workerClass = workerClass;
    this.workerName = workerName;
    this.args = args;
    this.options = options;
  }

  /**
   * A job for a worker that this node has registered.
   *
   * @param worker the worker's class; its name and defaults are taken from the registered instance
   * @param args anything Jackson can write; it is written when the job is enqueued
   */
  public static <A> NewJob of(Class<? extends ReactiveWorker<A>> worker, A args) {
    return new NewJob(
        Objects.requireNonNull(worker, "worker"),
        null,
        Objects.requireNonNull(args, "args"),
        Options.NONE);
  }

  /**
   * A job for a worker by its name; this node need not know it, another may serve it.
   *
   * @param worker 1 to 255 characters
   * @param args anything Jackson can write
   */
  public static NewJob of(String worker, Object args) {
    return new NewJob(
        null, Name.require("worker", worker), Objects.requireNonNull(args, "args"), Options.NONE);
  }

  /** The lane it waits in. 1 to 255 characters. Default: the worker's, else {@code default}. */
  public NewJob queue(String queue) {
    Name.require("queue", queue);
    return with(draft -> draft.queue = queue);
  }

  /** Higher is claimed first; from -32768 to 32767. Default: the worker's, else 0. */
  public NewJob priority(int priority) {
    require(
        priority == (short) priority, "priority must be from -32768 to 32767, but is", priority);
    return with(draft -> draft.priority = priority);
  }

  /** How many attempts it may have, from 1. Default: the worker's, else 3. */
  public NewJob maxAttempts(int maxAttempts) {
    Given.atLeast("maxAttempts", maxAttempts, 1);
    return with(draft -> draft.maxAttempts = maxAttempts);
  }

  /**
   * Due at this time by the database's clock, to the microsecond; a time that has passed is due at
   * once. Replaces a delay.
   */
  public NewJob scheduledAt(Instant time) {
    Instant rounded = Objects.requireNonNull(time, "scheduledAt").truncatedTo(ChronoUnit.MICROS);
    require(
        rounded.isAfter(Instant.parse("0001-01-01T00:00:00Z"))
            && rounded.isBefore(Instant.parse("9999-12-31T00:00:00Z")),
        "scheduledAt must be from year 1 to 9999, but is",
        time);
    return with(
        draft -> {
          draft.scheduledAt = rounded;
          draft.delay = null;
        });
  }

  /**
   * Due so long after it is inserted, by the database's clock, to the millisecond. Replaces
   * scheduledAt. Zero: at once.
   */
  public NewJob delay(Duration delay) {
    require(
        !Objects.requireNonNull(delay, "delay").isNegative(),
        "delay must not be negative, but is",
        delay);
    require(
        delay.compareTo(Duration.ofDays(365_000)) <= 0,
        "delay must be at most 365000 days, but is",
        delay);
    return with(
        draft -> {
          draft.scheduledAt = null;
          draft.delay = delay;
        });
  }

  /** Labels to find it by, each 1 to 255 characters. Replaces the worker's. */
  public NewJob tags(String... tags) {
    for (String tag : Given.all("tags", tags)) {
      Name.require("tag", tag);
    }
    return with(draft -> draft.tags = Set.copyOf(List.of(tags)));
  }

  /** What travels with it to its runs, beside its arguments. */
  public NewJob meta(Map<String, String> meta) {
    Map<String, String> copy = Map.copyOf(Given.all("meta", meta));
    return with(draft -> draft.meta = copy);
  }

  /** Whose job it is, for limits and fairness by tenant. 1 to 255 characters. */
  public NewJob partitionKey(String key) {
    Name.require("partitionKey", key);
    return with(draft -> draft.partitionKey = key);
  }

  /**
   * Keeps it from being inserted while another job is the same; {@link Unique#none()} for any
   * number of them. Default: the worker's, else any number.
   */
  public NewJob unique(Unique unique) {
    Objects.requireNonNull(unique, "unique");
    return with(draft -> draft.unique = unique);
  }

  /**
   * The batch it is counted in, which must be open when the job is inserted: an enqueue into
   * another fails with {@code BatchNotOpen}. Default: none.
   */
  public NewJob batch(long id) {
    require(id >= 1, "batch must be an id from 1, but is", id);
    return with(draft -> draft.batch = id);
  }

  /**
   * It waits until these jobs have ended, and then sees their results. Those that have ended before
   * count. An enqueue after jobs that are not there fails with {@link UnknownJobs}. Replaces those
   * given before. Default: none.
   *
   * @param ids may be empty
   */
  public NewJob dependsOn(Collection<Long> ids) {
    for (Long id : Given.all("ids", ids)) {
      require(id >= 1, "dependsOn must have ids from 1, but has", id);
    }
    SortedSet<Long> ascending = Collections.unmodifiableSortedSet(new TreeSet<>(ids));
    return with(draft -> draft.dependsOn = ascending);
  }

  /** As {@link #dependsOn(Collection)}. */
  public NewJob dependsOn(long... ids) {
    return dependsOn(LongStream.of(Objects.requireNonNull(ids, "ids")).boxed().toList());
  }

  /**
   * What becomes of it if one of the jobs that it depends on does not complete. An enqueue refuses
   * any other than {@link IfNotCompleted#RUN} if it depends on none. Default: {@link
   * IfNotCompleted#RUN}.
   */
  public NewJob ifNotCompleted(IfNotCompleted choice) {
    Objects.requireNonNull(choice, "choice");
    return with(draft -> draft.ifNotCompleted = choice);
  }

  /** The worker's class, or null if it was given by name. */
  public @Nullable Class<?> workerClass() {
    return workerClass;
  }

  /** The worker's name, or null if it was given by class. */
  public @Nullable String workerName() {
    return workerName;
  }

  /**
   * Its arguments, as they were given: what Jackson writes as JSON when the job is enqueued. Never
   * null.
   */
  public Object args() {
    return args;
  }

  /** What was set on the job itself, and not by its worker. */
  public Options options() {
    return options;
  }

  private NewJob with(Consumer<Draft> change) {
    Draft draft = new Draft(options);
    change.accept(draft);
    return new NewJob(workerClass, workerName, args, draft.options());
  }

  private static void require(boolean holds, String rule, Object value) {
    if (!holds) {
      throw new IllegalArgumentException(rule + " " + value);
    }
  }

  @Override
  public String toString() {
    return "NewJob[worker="
        + (workerClass != null ? workerClass.getSimpleName() : workerName)
        + "]";
  }

  /**
   * What was set on the job itself; null where the worker's default holds, or the library's.
   *
   * @param queue 1 to 255 characters
   * @param priority a {@code short}; higher is claimed first
   * @param maxAttempts from 1
   * @param scheduledAt when it is due; null: at once, or after the delay
   * @param delay from the enqueue to when it is due; null: none
   * @param tags in place of the worker's
   * @param meta texts by name; empty: none
   * @param partitionKey 1 to 255 characters; null: none
   * @param unique which other jobs it may not live beside
   * @param batch the id of a batch that is open; null: none
   * @param dependsOn ids of jobs that end before it begins; empty: none
   * @param ifNotCompleted what becomes of it if one of these does not complete
   */
  public record Options(
      @Nullable String queue,
      @Nullable Integer priority,
      @Nullable Integer maxAttempts,
      @Nullable Instant scheduledAt,
      @Nullable Duration delay,
      @Nullable Set<String> tags,
      Map<String, String> meta,
      @Nullable String partitionKey,
      @Nullable Unique unique,
      @Nullable Long batch,
      SortedSet<Long> dependsOn,
      IfNotCompleted ifNotCompleted) {

    static final Options NONE = new Draft().options();
  }
}
