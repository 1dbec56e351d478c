package io.shigoto.internal.permit;

import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.ClusterLimit;
import io.shigoto.internal.job.Wanted;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.permit.Rule.Limit;
import io.shigoto.internal.permit.WorkerPermits.Taken;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one claim may take: so many jobs of each of these workers. For one claim, then it is over.
 */
public final class Portion {

  private final Lane lane;
  private final Allowances allowances;
  private final int limit;
  private final List<Part> parts = new ArrayList<>();
  private final @Nullable Part[] byName;

  Portion(Lane lane, int limit) {
    this.lane = lane;
    this.allowances = lane.allowances();
    this.limit = limit;
    this.byName = new @Nullable Part[allowances.size()];
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
   */
  public Wanted wanted(String queue, long load, boolean fair) {
    List<ClusterLimit> limits =
        parts.stream()
            .map(part -> part.permits.clusterLimit())
            .filter(Objects::nonNull)
            .distinct()
            .toList();
    return new Wanted(
        queue,
        limit,
        load,
        List.of(workers()),
        List.of(allowances()),
        limits,
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
    List<Permit> permits = new ArrayList<>(jobs.size());
    for (Claimed job : jobs) {
      Part part = part(job);
      part.got++;
      permits.add(part.permit());
    }
    boolean mayHaveMore = jobs.size() >= limit || brought.more();
    for (Part part : parts) {
      part.end(brought, mayHaveMore);
    }
    lane.lookAgain();
    return permits;
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
      int most = permits.clusterLimit() == null ? limit : free;
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
    }
    parts.add(part);
    byName[name] = part;
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

    Permit permit() {
      return taken == null ? permits.watched(term) : permits.permit(taken);
    }

    void end(Brought brought, boolean mayHaveMore) {
      String worker = allowances.name(name);
      Limit by = taken != null && got == jobs ? taken.by() : null;
      boolean busy = taken != null && brought.busy().contains(worker);
      if (taken != null && brought.full().contains(worker)) {
        permits.shut(taken, allowances.backstop());
        by = Limit.CLUSTER;
      } else if (taken != null && !mayHaveMore && brought.crowded().contains(worker)) {
        lane.crowded(name, permits.crowded(taken, allowances.backstop()));
        by = Limit.CLUSTER;
      } else if (taken != null && busy) {
        permits.busy(taken, allowances.claim());
      } else if (taken != null) {
        permits.open(taken);
      }
      giveBack();
      if (by != null) {
        lane.hadMore(name);
        permits.limited(by);
      } else if (got < jobs && !mayHaveMore && !busy) {
        lane.exhausted(name);
        permits.relieved();
      }
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
}
