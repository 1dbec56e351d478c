package io.shigoto.internal.permit;

import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.Wanted;
import io.shigoto.internal.known.ClusterLimit;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.permit.WorkerPermits.Taken;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    return parts.stream().map(Part::worker).toArray(String[]::new);
  }

  /** How many of each at most, in the same order. */
  public Integer[] allowances() {
    return parts.stream().map(Part::jobs).toArray(Integer[]::new);
  }

  /**
   * What the claim is to ask for.
   *
   * @param load how much the jobs may weigh
   * @param lowest no job of a lower priority
   */
  public Wanted wanted(String queue, long load, boolean fair, int lowest) {
    List<ClusterLimit> limits = kept.values().stream().map(Keeping::limit).toList();
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
    List<Part> partOf = new ArrayList<>(jobs.size());
    for (Claimed job : jobs) {
      Part part = part(job);
      part.gotOne();
      partOf.add(part);
    }
    List<Permit> permits = new ArrayList<>(jobs.size());
    partOf.forEach(part -> permits.add(part.permit(began)));
    boolean mayHaveMore = jobs.size() >= limit || brought.more();
    for (Part part : parts) {
      part.end(brought, mayHaveMore);
    }
    lane.lookAgain();
    return permits;
  }

  /** Whether something limits the worker of a job that was claimed. */
  public boolean limits(Claimed job) {
    return part(job).isLimited();
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
      part = Part.free(lane, name, limit);
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
      part = Part.limited(lane, name, taken, keeping(permits));
    }
    parts.add(part);
    byName[name] = part;
  }

  /** All names of a worker have the same limits. */
  private @Nullable Keeping keeping(WorkerPermits permits) {
    Keeping keeping = kept.get(permits);
    ClusterLimit limit = keeping == null ? permits.clusterLimit() : null;
    if (limit != null) {
      keeping = new Keeping(limit);
      kept.put(permits, keeping);
    }
    return keeping;
  }

  private Part part(Claimed job) {
    Part part = byName[allowances.index(job.worker())];
    if (part == null) {
      throw new IllegalStateException("claimed and not asked for: worker=" + job.worker());
    }
    return part;
  }
}
