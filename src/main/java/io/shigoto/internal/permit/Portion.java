package io.shigoto.internal.permit;

import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.ClusterLimit;
import io.shigoto.internal.job.SharedRate;
import io.shigoto.internal.job.Wanted;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.permit.Rule.Limit;
import io.shigoto.internal.permit.WorkerPermits.Taken;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one claim may take: so many jobs of each of these workers. For one claim, then it is over.
 */
public final class Portion {

  /** How many claims' time passes between looks at keys that may not start. */
  private static final long PAUSES = 4;

  private final Lane lane;
  private final Allowances allowances;
  private final int limit;
  private final List<Part> parts = new ArrayList<>();
  private final @Nullable Part[] byName;
  private final long began;
  private final Map<WorkerPermits, Keeping> kept = new HashMap<>();

  Portion(Lane lane, int limit) {
    this.lane = lane;
    this.allowances = lane.allowances();
    this.limit = limit;
    this.byName = new @Nullable Part[allowances.size()];
    this.began = allowances.now();
  }

  /** Whether nothing may be claimed; then it is over already. */
  public boolean isEmpty() {
    return parts.isEmpty();
  }

  /** Names of workers; those of which nothing may be claimed are not among them. */
  public String[] workers() {
    return parts.stream().map(part -> allowances.name(part.name)).toArray(String[]::new);
  }

  /** How many of each at most, in the same order. */
  public Integer[] allowances() {
    return parts.stream().map(part -> part.jobs).toArray(Integer[]::new);
  }

  /**
   * What the claim is to ask for.
   *
   * @param load how much the jobs may weigh
   * @param lowest no job of a lower priority
   */
  public Wanted wanted(String queue, long load, boolean fair, int lowest) {
    List<ClusterLimit> limits = kept.values().stream().map(of -> of.limit).toList();
    return new Wanted(
        queue,
        limit,
        load,
        List.of(workers()),
        List.of(allowances()),
        limits,
        lowest,
        fair,
        lane.leftOff());
  }

  /**
   * The claim brought these; what it did not use is given back.
   *
   * @return a permit for each job, in the same order
   */
  public List<Permit> took(Brought brought, long nanos) {
    allowances.claimTook(nanos);
    List<Claimed> jobs = brought.jobs();
    if (brought.leftOff() != null) {
      lane.leftOff(brought.leftOff());
    }
    jobs.forEach(job -> part(job).gotOne());
    List<Permit> permits = jobs.stream().map(job -> part(job).permit()).toList();
    boolean mayHaveMore = jobs.size() >= limit || brought.more();
    for (Part part : parts) {
      part.end(brought, mayHaveMore);
    }
    lane.lookAgain();
    return permits;
  }

  /** Whether something limits the worker of a job that was claimed. */
  public boolean limits(Claimed job) {
    return part(job).taken != null;
  }

  /** There was no claim: all is given back. */
  public void abandon() {
    parts.forEach(Part::abandon);
  }

  /**
   * @param free how many may be claimed that would not have to wait for a slot
   */
  void ask(int name, int free) {
    if (lane.isCrowded(name)) {
      return;
    }
    WorkerPermits permits = allowances.permits(name);
    Part part;
    if (permits.isFree()) {
      part = new Part(name, permits, limit, permits.term(), null);
    } else {
      int most = permits.areKeptByClaims() ? free : limit;
      if (most == 0) {
        lane.wantSlots(name);
        return;
      }
      Taken taken = permits.take(most, allowances.claim());
      if (taken.jobs() == 0) {
        if (taken.by() != null && lane.hasMore(name)) {
          permits.limited(taken.by());
        }
        return;
      }
      part = new Part(name, permits, taken.jobs(), taken.term(), taken);
      keep(permits);
    }
    parts.add(part);
    byName[name] = part;
  }

  /** All names of a worker have the same limits. */
  private void keep(WorkerPermits permits) {
    ClusterLimit limit = kept.containsKey(permits) ? null : permits.clusterLimit();
    if (limit != null) {
      kept.put(permits, new Keeping(limit));
    }
  }

  private Part part(Claimed job) {
    Part part = byName[allowances.index(job.worker())];
    if (part == null) {
      throw new IllegalStateException("claimed and not asked for: worker=" + job.worker());
    }
    return part;
  }

  /** What may be taken of one name. */
  private final class Part {

    private final int name;
    private final WorkerPermits permits;
    private final int jobs;
    private final long term;
    private final @Nullable Taken taken;
    private int got;

    /**
     * @param taken null if nothing limits the worker
     */
    Part(int name, WorkerPermits permits, int jobs, long term, @Nullable Taken taken) {
      this.name = name;
      this.permits = permits;
      this.jobs = jobs;
      this.term = term;
      this.taken = taken;
    }

    void gotOne() {
      got++;
      Keeping of = kept.get(permits);
      if (of != null) {
        of.got++;
      }
    }

    Permit permit() {
      if (taken == null) {
        return permits.watched(term);
      }
      Keeping of = kept.get(permits);
      return permits.permit(taken, of == null ? Validity.ALWAYS : of.validity(began));
    }

    void end(Brought brought, boolean mayHaveMore) {
      String worker = allowances.name(name);
      Limit by = taken != null && got == jobs ? taken.by() : null;
      Long wait = taken == null ? null : brought.paced().get(worker);
      boolean busy = taken != null && brought.busy().contains(worker);
      if (wait != null) {
        permits.pace(isKeyed() ? 0 : wait, rate());
      } else if (isKeyed() && brought.more() && got == 0) {
        // There may be any number of keys that may not start: the others of the queue come first.
        permits.pace(PAUSES * allowances.claim(), rate());
      }
      if (taken != null && brought.full().contains(worker)) {
        permits.shut(taken, allowances.backstop());
        by = Limit.CLUSTER;
      } else if (taken != null && !mayHaveMore && isCrowded(brought, worker, wait)) {
        long most = allowances.backstop();
        lane.crowded(name, permits.crowded(taken, wait == null ? most : Math.min(wait, most)));
        permits.open(taken);
        by = Limit.CLUSTER;
      } else if (taken != null && busy) {
        permits.busy(taken, allowances.claim());
      } else if (taken != null) {
        permits.open(taken);
      }
      giveBack();
      if (wait != null) {
        lane.hadMore(name);
        permits.tooFast(wait);
      } else if (by != null) {
        lane.hadMore(name);
        permits.limited(by);
      } else if (got < jobs && !mayHaveMore && !busy) {
        lane.exhausted(name);
        permits.relieved();
      }
    }

    /** One key that may start later speaks for all names of the worker. */
    private boolean isCrowded(Brought brought, String worker, @Nullable Long wait) {
      return brought.crowded().contains(worker) || (wait != null && isKeyed());
    }

    private boolean isKeyed() {
      Keeping of = kept.get(permits);
      return of != null && of.limit.rate() != null && of.limit.rate().keyed();
    }

    private SharedRate rate() {
      return Objects.requireNonNull(Objects.requireNonNull(kept.get(permits)).limit.rate());
    }

    void abandon() {
      giveBack();
      if (taken != null) {
        permits.open(taken);
      }
    }

    void giveBack() {
      if (taken != null && got < jobs) {
        permits.giveBack(taken, jobs - got);
      }
    }
  }

  /** The limits of a worker that this claim keeps. */
  private static final class Keeping {

    private final ClusterLimit limit;
    private int got;

    Keeping(ClusterLimit limit) {
      this.limit = limit;
    }

    Validity validity(long began) {
      SharedRate rate = limit.rate();
      return rate == null ? Validity.ALWAYS : Validity.of(began + rate.spaces(got), rate.slack());
    }
  }
}
