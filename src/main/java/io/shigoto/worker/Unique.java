package io.shigoto.worker;

import java.time.Duration;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What makes jobs the same, how long there is only one of them, and what a second one does to the
 * first. Immutable, each method gives a changed copy: {@code Unique.by(WORKER, ARGS).within(day)}.
 *
 * <p>Jobs are the same if the chosen fields are: they have the same key. The job that holds a key
 * keeps others with that key from being inserted, in any transaction and at any isolation level; an
 * enqueue is then answered by a conflict, which is no error. How long it does so is decided by the
 * job that holds the key; what happens at a conflict by the one that comes second.
 *
 * <p>Errors: what makes no sense is refused by the method that takes it, with an {@link
 * IllegalArgumentException} that names it.
 *
 * @param fields what is compared; empty: nothing, the job is not unique
 * @param argsKeys which fields of the args are compared; empty: the args as a whole
 * @param states in which a job holds its key; if it is debounced, with WAITING and SCHEDULED
 * @param period how long it holds the key at most, from its insert; null: without end
 * @param replaced what a job that was never started takes over from the one that comes second
 * @param debounced how long it waits from then on; null: as long as before
 */
public record Unique(
    Set<Field> fields,
    Set<String> argsKeys,
    Set<State> states,
    @Nullable Duration period,
    Set<Replace> replaced,
    @Nullable Duration debounced) {

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(365_000);

  private static final Unique NONE =
      new Unique(Set.of(), Set.of(), UniqueStates.LIVE, null, Set.of(), null);

  /** What can be compared. */
  public enum Field {
    /** The worker's name, as it is stored with the job. */
    WORKER,
    /** The args, or those that {@link #argsKeys(String...)} names. */
    ARGS,
    /** The queue. */
    QUEUE
  }

  /** The states of a job, as they are stored. */
  public enum State {
    /** Jobs that it depends on have not ended. */
    WAITING,
    /** It is due later. */
    SCHEDULED,
    /** It waits for a run. */
    AVAILABLE,
    /** It runs. */
    EXECUTING,
    /** It has failed and waits for its backoff. */
    RETRYABLE,
    /** It has ended well. */
    COMPLETED,
    /** It has ended after its last attempt failed, or was given up. */
    DISCARDED,
    /** It has ended because it was called off. */
    CANCELLED
  }

  /** How a job can end. */
  public enum End {
    /** Well. */
    COMPLETED,
    /** After its last attempt failed, or given up. */
    DISCARDED,
    /** Called off. */
    CANCELLED
  }

  /** What a job can take over from one that comes second. */
  public enum Replace {
    /** The other's arguments. */
    ARGS,
    /** The other's priority. */
    PRIORITY,
    /** The other's number of attempts that it may have. */
    MAX_ATTEMPTS,
    /** The other's due time. */
    SCHEDULED_AT,
    /** The other's tags. */
    TAGS
  }

  public Unique {
    fields = Set.copyOf(Given.all("fields", fields));
    argsKeys = Set.copyOf(Given.all("argsKeys", argsKeys));
    states = Set.copyOf(Given.all("states", states));
    replaced = Set.copyOf(Given.all("replaced", replaced));
    require(
        argsKeys.isEmpty() || fields.contains(Field.ARGS),
        "argsKeys need the field ARGS, but fields are %s and argsKeys".formatted(fields),
        argsKeys);
    require(!argsKeys.contains(""), "argsKeys must be names, but one of them is empty:", argsKeys);
    require(
        !replaced.contains(Replace.ARGS) || !fields.contains(Field.ARGS) || !argsKeys.isEmpty(),
        "jobs that are the same by all of their args have none to replace, but replaced is",
        replaced);
    requireFields(fields, "within", period);
    requireFields(fields, "debounce", debounced);
    requireFields(fields, "replace", replaced.isEmpty() ? null : replaced);
    requireFields(fields, "states", states.equals(UniqueStates.LIVE) ? null : states);
    UniqueStates.check(states);
    require(
        debounced == null || !replaced.contains(Replace.SCHEDULED_AT),
        "scheduledAt is either replaced or moved by debounce, but replaced is",
        replaced);
    if (period != null) {
      Given.between("period", period, SHORTEST, LONGEST);
    }
    if (debounced != null) {
      Given.between("debounce", debounced, SHORTEST, LONGEST);
    }
    require(
        period == null || debounced == null || period.compareTo(debounced) >= 0,
        "period must not be shorter than debounce, or the next one is let in while the first still waits, but is",
        period);
    states = debounced == null ? states : UniqueStates.withThoseBefore(states);
  }

  /** Any number of the same job, whatever its worker says. It takes no options. */
  public static Unique none() {
    return NONE;
  }

  /** One of all jobs that have these fields in common. */
  public static Unique by(Field first, Field... more) {
    return new Unique(
        EnumSet.of(Objects.requireNonNull(first, "first"), Given.all("more", more)),
        Set.of(),
        UniqueStates.LIVE,
        null,
        Set.of(),
        null);
  }

  /**
   * Compares only these fields of the args, which must be an object; one that is missing is as if
   * it were null, but a job must have one of them. They are names of the object's own fields, whose
   * values are compared as a whole: there is no path to what is inside of these, and a dot is a
   * part of the name.
   */
  public Unique argsKeys(String... keys) {
    Set<String> chosen = Set.copyOf(Arrays.asList(Given.all("keys", keys)));
    require(!chosen.isEmpty(), "argsKeys must name at least one, but are", chosen);
    requireFields(fields, "argsKeys", chosen);
    Set<Field> all = new LinkedHashSet<>(fields);
    all.add(Field.ARGS);
    return new Unique(all, chosen, states, period, replaced, debounced);
  }

  /**
   * Lets the next one in so long after the insert of the first, even if that still lives. From 1 ms
   * to 365000 days. Default: without end.
   */
  public Unique within(Duration period) {
    return new Unique(
        fields, argsKeys, states, Objects.requireNonNull(period, "period"), replaced, debounced);
  }

  /**
   * Lets the next one in as soon as the first is started: so what changes during a run leads to
   * another one. If a run comes back (it failed and is to be retried, it snoozed, its node stopped
   * or was lost) and another job took the key meanwhile, the one that comes back is cancelled: the
   * other one does its work. Default: only when the first has ended.
   */
  public Unique untilStarted() {
    Set<State> others = EnumSet.copyOf(states);
    others.remove(State.EXECUTING);
    return holdingIn(others);
  }

  /**
   * Keeps others out after these ends too: until the period is over, or, without a period, for as
   * long as ended jobs are kept. Default: after none.
   */
  public Unique alsoAfter(End... ends) {
    require(
        Given.all("ends", ends).length > 0, "alsoAfter must name at least one, but is", List.of());
    Set<State> all = EnumSet.copyOf(states);
    all.retainAll(UniqueStates.LIVE);
    for (End end : ends) {
      all.add(State.valueOf(end.name()));
    }
    return holdingIn(all);
  }

  /**
   * Lets a job hold its key in these states and no others; in these there are never two of a key. A
   * job that comes to one of them from another takes its key then. If another job has it, the one
   * that comes is cancelled: the other one does its work. It holds its key at least while it is
   * {@link State#AVAILABLE}; while it is {@link State#WAITING} and {@link State#SCHEDULED}, or in
   * neither; after its end only if it held it before. Default: all that are not terminal.
   */
  public Unique states(State... states) {
    return holdingIn(Set.copyOf(Arrays.asList(Given.all("states", states))));
  }

  private Unique holdingIn(Set<State> states) {
    return new Unique(fields, argsKeys, states, period, replaced, debounced);
  }

  /**
   * Has the first job take these over from the one that comes second, unless it was started. ARGS
   * only if they may differ: not if they are compared as a whole. Default: nothing.
   */
  public Unique replace(Replace... replaced) {
    Set<Replace> chosen = Set.copyOf(Arrays.asList(Given.all("replaced", replaced)));
    require(!chosen.isEmpty(), "replace must name at least one, but is", chosen);
    return new Unique(fields, argsKeys, states, period, chosen, debounced);
  }

  /**
   * Has each job of a series wait so long, by the database's clock, from the latest enqueue on,
   * unless it was started: one run, this long after the last trigger. A job that is given a time of
   * its own is first due then. So it holds its key while it is {@link State#WAITING} and {@link
   * State#SCHEDULED} too, whatever {@link #states(State...)} says. From 1 ms to 365000 days.
   * Default: none.
   */
  public Unique debounce(Duration time) {
    return new Unique(
        fields, argsKeys, states, period, replaced, Objects.requireNonNull(time, "debounce"));
  }

  /** Whether nothing is compared. */
  public boolean isNone() {
    return fields.isEmpty();
  }

  /** What is not unique has no key that an option could be about. */
  private static void requireFields(Set<Field> fields, String option, @Nullable Object value) {
    require(
        value == null || !fields.isEmpty(),
        option + " needs fields by which jobs are the same, but there are none; it is",
        value);
  }

  private static void require(boolean holds, String rule, @Nullable Object value) {
    if (!holds) {
      throw new IllegalArgumentException(rule + " " + value);
    }
  }
}
