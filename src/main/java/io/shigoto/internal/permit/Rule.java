package io.shigoto.internal.permit;

import io.shigoto.internal.known.Hold;
import io.shigoto.internal.known.SharedRate;
import io.shigoto.internal.known.WorkerLimits;
import io.shigoto.internal.limit.Breaker;
import io.shigoto.internal.limit.Pace;
import io.shigoto.internal.limit.PaceState;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.ReactiveWorker;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The limits of one worker on one node as pure functions of a {@link Quota}. Times are
 * microseconds.
 *
 * <p>A permit of the rate limit is taken when a job starts and not before, so that jobs that waited
 * after their claim cannot bunch up; until then they are counted beside the pace, and the claim
 * leaves room for them. A claim looks ahead a little: it takes a time itself, and its jobs are to
 * be there when their turn comes.
 */
final class Rule {

  /** What {@link #wakeAt} says if only the end of a run can change anything. */
  static final long NEVER = Long.MAX_VALUE;

  /** Claims for a rate limit are not made much more often than so. */
  private static final long PAUSE = 10_000;

  private static final long FARTHEST = 100_000;

  private final int concurrency;
  private final int globalConcurrency;
  private final boolean keptByClaims;
  private final boolean shared;
  private final @Nullable Pace pace;
  private final @Nullable Breaker breaker;
  private final int batch;

  Rule(WorkerLimits limits) {
    RateLimit rate = limits.rate();
    CircuitBreaker circuit = limits.breaker();
    this.concurrency = limits.concurrency();
    this.globalConcurrency = limits.globalConcurrency();
    this.keptByClaims = limits.areKeptByClaims();
    this.pace = limits.areSpacedHere() ? Pace.of(rate) : null;
    this.shared = pace != null && rate.scope() == RateLimit.Scope.CLUSTER;
    this.breaker = circuit.isNone() ? null : new Breaker(circuit);
    this.batch = pace == null ? 1 : batch(rate, pace);
  }

  /** How many permits come in a pause, and are not lost meanwhile. */
  private static int batch(RateLimit rate, Pace pace) {
    long micros = rate.period().toNanos() / 1000;
    return 1 + (int) (Math.min(PAUSE, pace.kept() / 2) * rate.permits() / micros);
  }

  Quota fresh() {
    // A worker without a breaker has the state of one that nobody changes.
    Breaker any = breaker == null ? new Breaker(CircuitBreaker.standard()) : breaker;
    return new Quota(PaceState.FRESH, 0, 0, 0, any.fresh(), Gate.FRESH);
  }

  boolean isPaced() {
    return pace != null;
  }

  boolean hasBreaker() {
    return breaker != null;
  }

  boolean hasConcurrency() {
    return concurrency != ReactiveWorker.UNLIMITED;
  }

  /** Whether only a claim can tell what may start. */
  boolean isKeptByClaims() {
    return keptByClaims;
  }

  /** The same, after what time alone has changed. */
  Quota at(Quota quota, long now) {
    return breaker == null ? quota : quota.with(breaker.at(quota.breaker(), now));
  }

  /**
   * How many jobs may be claimed of those wanted.
   *
   * @param claim how long a claim takes
   */
  Allowed allowed(Quota quota, int wanted, long now, long claim) {
    Allowed allowed = new Allowed(wanted, null);
    if (breaker != null) {
      allowed = allowed.but(breaker.allows(quota.breaker(), wanted), Limit.CIRCUIT);
    }
    if (hasConcurrency()) {
      allowed = allowed.but(concurrency - quota.held(), Limit.CONCURRENCY);
    }
    if (keptByClaims) {
      allowed = allowed.but(quota.gate().paced() > now ? 0 : wanted, Limit.RATE);
      int room = quota.gate().until() > now ? 0 : globalConcurrency - quota.held();
      allowed = allowed.but(room, Limit.CLUSTER);
    }
    if (pace != null && allowed.jobs > 0) {
      int all = quota.unstarted() + allowed.jobs;
      int soon = pace.within(quota.pace(), all, now, now + ahead(claim));
      allowed = allowed.but(soon - quota.unstarted(), Limit.RATE);
    }
    return allowed;
  }

  /** Why nothing may be claimed now; empty if something may, as far as this node knows. */
  List<Hold> holds(Quota quota, long now) {
    List<Hold> holds = new ArrayList<>();
    if (quota.breaker() instanceof Breaker.Open open) {
      holds.add(new Hold(Hold.Kind.CIRCUIT_OPEN, 0, millis(open.until() - now)));
    } else if (breaker != null && breaker.allows(quota.breaker(), 1) == 0) {
      holds.add(new Hold(Hold.Kind.CIRCUIT_PROBING, breaker.probes(), 0));
    }
    if (hasConcurrency() && quota.held() >= concurrency) {
      holds.add(new Hold(Hold.Kind.CONCURRENCY, concurrency, 0));
    }
    long turn = pace == null ? now : pace.when(quota.pace(), quota.unstarted() + 1, now);
    if (turn > now) {
      holds.add(new Hold(Hold.Kind.RATE, 0, millis(turn - now)));
    }
    return holds;
  }

  private static long millis(long micros) {
    return (micros + 999) / 1000;
  }

  Quota take(Quota quota, int jobs) {
    Quota taken = quota.taken(jobs);
    return breaker == null ? taken : taken.with(breaker.take(quota.breaker(), jobs));
  }

  /** So many jobs were not claimed after all. */
  Quota giveBack(Quota quota, long term, int jobs) {
    Quota less = quota.taken(-jobs);
    return breaker == null ? less : less.with(breaker.giveBack(quota.breaker(), term, jobs));
  }

  /** When the rate lets one more start that was not claimed yet, as far as this node knows. */
  long nextAt(Quota quota, long now) {
    return Math.max(turnAt(quota, now), quota.gate().paced());
  }

  /** When one more of the unstarted may start; its turn has come if that is not after now. */
  long turnAt(Quota quota, long now) {
    return pace == null ? now : pace.when(quota.pace(), quota.admitted() + 1, now);
  }

  /** One whose turn had come starts. */
  Quota start(Quota quota, long now) {
    return quota.started(pace == null ? quota.pace() : pace.next(quota.pace(), 1, now).state());
  }

  /** Whether the breaker lets a job start that was claimed in a term. */
  boolean lets(Quota quota, long term) {
    return breaker == null || Breaker.lets(quota.breaker(), term);
  }

  Quota result(Quota quota, long term, boolean failed, long now) {
    return breaker == null ? quota : quota.with(breaker.result(quota.breaker(), term, failed, now));
  }

  Quota withoutResult(Quota quota, long term) {
    return breaker == null ? quota : quota.with(breaker.giveBack(quota.breaker(), term, 1));
  }

  /**
   * When it is worth to look again, if no run ends before: now, if it is so already. Of permits
   * that come fast a few are awaited.
   */
  long wakeAt(Quota quota, long now, long claim) {
    if (quota.breaker() instanceof Breaker.Open open) {
      return open.until();
    }
    int room = Math.min(concurrency, globalConcurrency) - quota.held();
    boolean shut = breaker != null && breaker.allows(quota.breaker(), 1) == 0;
    if (room <= 0 || shut) {
      return NEVER;
    }
    long opens = Math.max(now, quota.gate().opens());
    if (pace == null) {
      return opens;
    }
    int few = Math.min(room, batch);
    return Math.max(
        opens, pace.when(quota.pace(), quota.unstarted() + few, now) - ahead(claim) / 2);
  }

  /** How far a claim looks: not at all if permits keep until the next one. */
  private long ahead(long claim) {
    if (shared) {
      // The claim knows better: it is asked for more than it will give.
      return 2 * SharedRate.AHEAD;
    }
    return pace == null || pace.kept() / 2 >= 2 * claim + PAUSE ? 0 : Math.min(4 * claim, FARTHEST);
  }

  /**
   * How many, and what kept it from being more.
   *
   * @param by null if nothing did
   */
  record Allowed(int jobs, @Nullable Limit by) {

    Allowed but(int most, Limit limit) {
      return most >= jobs ? this : new Allowed(Math.max(0, most), limit);
    }
  }

  /** What there is of them. */
  enum Limit {
    RATE,
    CONCURRENCY,
    CLUSTER,
    CIRCUIT
  }
}
