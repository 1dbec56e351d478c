package io.shigoto.internal.permit;

import io.shigoto.internal.job.Events;
import io.shigoto.internal.known.ClusterLimit;
import io.shigoto.internal.known.Hold;
import io.shigoto.internal.known.SharedRate;
import io.shigoto.internal.known.WorkerLimits;
import io.shigoto.internal.known.Workers;
import io.shigoto.internal.limit.Breaker;
import io.shigoto.internal.limit.Kept;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.limit.Validity;
import io.shigoto.internal.permit.Rule.Allowed;
import io.shigoto.internal.permit.Rule.Limit;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;

/**
 * The limits of one worker on this node, and the lanes that wait for them.
 *
 * <p>The protocol: all that is taken stands in one immutable {@link Quota}, changed by compare and
 * set. A lane that got less than it wanted waits here, then looks once more whether there is
 * something by now; whoever makes room wakes all who wait.
 */
final class WorkerPermits {

  /** For how long the others wait for a claim that went ahead of them, in microseconds. */
  private static final long LONGEST_LOOK = 1_000_000;

  /** How long it takes from a claim to its starts, until it is known, in microseconds. */
  private static final long FIRST_DELAY = 50_000;

  /** For how long others may keep us from claiming before we try again, in microseconds. */
  private static final long LONGEST_PAUSE = 20_000;

  private final @Nullable ClusterLimit clusterLimit;
  private final Rule rule;
  private final LongSupplier micros;
  private final Kept<Quota> quota;
  private final Waiting waiting;
  private final Turns turns;
  private final Crier crier;
  private volatile long delay = FIRST_DELAY;
  private volatile Watched watched = new Watched(this, 0);

  /**
   * @param here what no other node says
   * @param micros a clock for elapsed time
   */
  WorkerPermits(
      Workers.Known known, String here, Events events, Scheduler timer, LongSupplier micros) {
    WorkerLimits limits = known.limits();
    this.clusterLimit = limits.areKeptByClaims() ? known.clusterLimit(here) : null;
    this.rule = new Rule(limits);
    this.micros = micros;
    this.quota = new Kept<>(rule.fresh());
    this.crier = new Crier(known.name(), limits, events);
    this.waiting = new Waiting(timer, micros);
    this.turns = new Turns(rule, quota, timer, micros);
  }

  /** Whether nothing limits it now, so that nothing need be counted. */
  boolean isFree() {
    return !rule.isPaced()
        && !rule.hasConcurrency()
        && !rule.isKeptByClaims()
        && Breaker.isClosed(quota.get().breaker());
  }

  /** Whether claims keep some of its limits. */
  boolean areKeptByClaims() {
    return rule.isKeptByClaims();
  }

  /** What a claim is to keep now; null if nothing. */
  @Nullable ClusterLimit clusterLimit() {
    return clusterLimit == null ? null : clusterLimit.now(delay);
  }

  /** What keeps it now, all of it at the same moment. */
  List<Hold> holds() {
    long now = micros.getAsLong();
    return rule.holds(rule.at(quota.get(), now), now);
  }

  /** In which term jobs are claimed now. */
  long term() {
    return quota.get().breaker().term();
  }

  /**
   * Takes up to so many permits for jobs that are about to be claimed.
   *
   * @param claim how long a claim takes
   */
  Taken take(int wanted, long claim) {
    while (true) {
      Quota before = quota.get();
      long now = micros.getAsLong();
      Quota present = rule.at(before, now);
      Allowed allowed = rule.allowed(present, wanted, now, claim);
      Quota after = allowed.jobs() == 0 ? present : rule.take(present, allowed.jobs());
      boolean ahead = allowed.jobs() > 0 && present.gate().isDue(now);
      Gate gate = present.gate();
      if (quota.replace(
          before, ahead ? after.gate(gate.shut(gate.epoch(), now + LONGEST_LOOK)) : after)) {
        return new Taken(allowed.jobs(), allowed.by(), after.breaker().term(), gate.epoch(), ahead);
      }
    }
  }

  /** So many of them were not needed. */
  void giveBack(Taken taken, int jobs) {
    quota.change(present -> rule.giveBack(present, taken.term, jobs));
    waiting.wake();
  }

  /** A claim found no room in the cluster: there will be when a run is over, told or not. */
  void shut(Taken taken, long backstop) {
    shutUntil(taken, micros.getAsLong() + backstop);
  }

  /** A claim found room in the cluster, or did not look: if it went ahead, the others may go on. */
  void open(Taken taken) {
    if (taken.ahead) {
      quota.change(present -> present.gate(present.gate().open(taken.epoch)));
      waiting.wake();
    }
  }

  /**
   * A claim found no room for the partition keys of a queue's jobs, or none that may start by its
   * rate. Others may have room: this is for that queue alone, until a run is over or there are new
   * jobs, but for so long at most.
   */
  Gate crowded(Taken taken, long wait) {
    return new Gate(taken.epoch, micros.getAsLong() + wait, Long.MIN_VALUE);
  }

  /** Whether no run is over since it was shut, and it does not open by itself. */
  boolean isShut(Gate gate) {
    return gate.holds(quota.get().gate(), micros.getAsLong());
  }

  /**
   * Somebody else was claiming. It will not take long; the next time we may be first.
   *
   * @param claim how long a claim takes
   */
  void busy(Taken taken, long claim) {
    long pause = ThreadLocalRandom.current().nextLong(claim / 2, 2 * claim + 1);
    shutUntil(taken, micros.getAsLong() + Math.min(pause, LONGEST_PAUSE));
  }

  private void shutUntil(Taken taken, long time) {
    quota.change(present -> present.gate(present.gate().shut(taken.epoch, time)));
  }

  /** Nothing is claimed for so long, or a little longer, because of the rate. */
  void pace(long wait, SharedRate rate) {
    long time = micros.getAsLong() + Math.max(wait, rate.pause());
    quota.change(present -> present.gate(present.gate().paced(time)));
  }

  /** A run is over somewhere in the cluster. */
  void freed() {
    if (rule.isKeptByClaims()) {
      quota.change(present -> present.gate(present.gate().freed()));
      waiting.wake();
    }
  }

  /** For a job that was claimed with a permit taken here. */
  Permit permit(Taken taken, Validity validity) {
    return new Held(this, turns, taken.term, validity);
  }

  /** Whether the breaker lets a job start that was claimed in a term. */
  boolean lets(long term) {
    return rule.lets(quota.get(), term);
  }

  /** Whether a job is not too late to start. */
  boolean isInTime(Validity validity) {
    if (validity.isAlways()) {
      return true;
    }
    long now = micros.getAsLong();
    long before = delay;
    long more = Math.max(0, now - validity.due()) - before;
    delay = before + (more > 0 ? more / 2 : more / 16);
    return now <= validity.until();
  }

  /** For a job that was claimed while the worker was free. */
  Permit watched(long term) {
    if (!rule.hasBreaker()) {
      return Permit.FREE;
    }
    Watched present = watched;
    if (present.term() != term) {
      watched = present = new Watched(this, term);
    }
    return present;
  }

  /**
   * Has a lane woken as soon as it is worth to look again; whether it is so already.
   *
   * @param crowded what keeps this lane alone
   * @param claim how long a claim takes
   */
  boolean await(Lane.Waiter lane, Gate crowded, long claim) {
    waiting.add(lane);
    long now = micros.getAsLong();
    Quota present = rule.at(quota.get(), now);
    long at = rule.wakeAt(present, now, claim);
    if (crowded.holds(present.gate(), now)) {
      at = Math.max(at, crowded.until());
    }
    if (at > now) {
      waiting.wakeAt(at);
    }
    return at <= now;
  }

  /** Jobs wait because of a limit. */
  void limited(Limit by) {
    long now = micros.getAsLong();
    if (by == Limit.RATE) {
      crier.tooFast(rule.nextAt(quota.get(), now) - now, now);
    } else {
      crier.full(by, now);
    }
  }

  /** Jobs wait for so long because of the rate. */
  void tooFast(long wait) {
    crier.tooFast(wait, micros.getAsLong());
  }

  /** A claim took less than it was allowed. */
  void relieved() {
    crier.relieved();
  }

  /** A run is over, or lost its turn: what it had taken is free. */
  void end(UnaryOperator<Quota> end) {
    quota.change(end);
    if (rule.hasConcurrency() || !Breaker.isClosed(quota.get().breaker())) {
      waiting.wake();
    }
  }

  /** A job that was claimed in a term has a result. */
  void result(long term, boolean failed) {
    long now = micros.getAsLong();
    quota.change(
        present -> rule.result(present, term, failed, now),
        (before, after) -> {
          if (after.breaker().term() != term) {
            crier.circuit(after.breaker(), now);
            waiting.wake();
          }
        });
  }

  /** A job that was claimed in a term ended without one. */
  void withoutResult(long term) {
    end(present -> rule.withoutResult(present, term));
  }

  /**
   * What was taken for a claim.
   *
   * @param by what kept it from being more; null if nothing did
   * @param term in which the jobs are claimed
   * @param epoch of the gate when it was taken
   * @param ahead whether others wait for what the claim finds
   */
  record Taken(int jobs, @Nullable Limit by, long term, long epoch, boolean ahead) {}
}
