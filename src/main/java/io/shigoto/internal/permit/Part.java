package io.shigoto.internal.permit;

import io.shigoto.internal.job.Brought;
import io.shigoto.internal.known.SharedRate;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.limit.Validity;
import io.shigoto.internal.permit.Rule.Limit;
import io.shigoto.internal.permit.WorkerPermits.Taken;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What one claim may take of one name of a worker. */
final class Part {

  /** How many claims' time passes between looks at keys that may not start. */
  private static final long PAUSES = 4;

  private final Lane lane;
  private final Allowances allowances;
  private final WorkerPermits permits;
  private final int name;
  private final int jobs;
  private final long term;
  private final @Nullable Taken taken;
  private final @Nullable Keeping keeping;
  private int got;

  private Part(Lane lane, int name, int jobs, @Nullable Taken taken, @Nullable Keeping keeping) {
    this.lane = lane;
    this.allowances = lane.allowances();
    this.permits = allowances.permits(name);
    this.name = name;
    this.jobs = jobs;
    this.term = taken == null ? permits.term() : taken.term();
    this.taken = taken;
    this.keeping = keeping;
  }

  /** Nothing limits the worker. */
  static Part free(Lane lane, int name, int jobs) {
    return new Part(lane, name, jobs, null, null);
  }

  /**
   * @param keeping null if no claim keeps any of its limits
   */
  static Part limited(Lane lane, int name, Taken taken, @Nullable Keeping keeping) {
    return new Part(lane, name, taken.jobs(), taken, keeping);
  }

  boolean isLimited() {
    return taken != null;
  }

  String worker() {
    return allowances.name(name);
  }

  /** How many at most. */
  int jobs() {
    return jobs;
  }

  void gotOne() {
    got++;
    if (keeping != null) {
      keeping.gotOne();
    }
  }

  /** For one of its jobs, once it is known how many there are. */
  Permit permit(long began) {
    if (taken == null) {
      return permits.watched(term);
    }
    return permits.permit(taken, keeping == null ? Validity.ALWAYS : keeping.validity(began));
  }

  /**
   * The claim is over: what was not needed goes back, and the lane knows where more may be.
   *
   * @param mayHaveMore whether the queue may have more jobs of this name than it brought
   */
  void end(Brought brought, boolean mayHaveMore) {
    if (taken == null) {
      if (got < jobs && !mayHaveMore) {
        exhausted();
      }
      return;
    }
    Long wait = brought.paced().get(worker());
    pace(brought, wait);
    Limit by = keptBy(taken, brought, mayHaveMore, wait);
    giveBack(taken);
    if (wait != null) {
      lane.hadMore(name);
      permits.tooFast(wait);
    } else if (by != null) {
      lane.hadMore(name);
      permits.limited(by);
    } else if (got < jobs && !mayHaveMore && !brought.busy().contains(worker())) {
      exhausted();
    }
  }

  private void exhausted() {
    lane.exhausted(name);
    permits.relieved();
  }

  private void pace(Brought brought, @Nullable Long wait) {
    if (wait != null) {
      permits.pace(isKeyed() ? 0 : wait, rate());
    } else if (isKeyed() && brought.more() && got == 0) {
      // There may be any number of keys that may not start: the others of the queue come first.
      permits.pace(PAUSES * allowances.claim(), rate());
    }
  }

  /** What kept the claim from taking more; null if nothing did. */
  private @Nullable Limit keptBy(
      Taken taken, Brought brought, boolean mayHaveMore, @Nullable Long wait) {
    if (brought.full().contains(worker())) {
      permits.shut(taken, allowances.backstop());
      return Limit.CLUSTER;
    }
    if (!mayHaveMore && isCrowded(brought, wait)) {
      long most = allowances.backstop();
      lane.crowded(name, permits.crowded(taken, wait == null ? most : Math.min(wait, most)));
      permits.open(taken);
      return Limit.CLUSTER;
    }
    if (brought.busy().contains(worker())) {
      permits.busy(taken, allowances.claim());
    } else {
      permits.open(taken);
    }
    return got == jobs ? taken.by() : null;
  }

  /** One key that may start later speaks for all names of the worker. */
  private boolean isCrowded(Brought brought, @Nullable Long wait) {
    return brought.crowded().contains(worker()) || (wait != null && isKeyed());
  }

  private boolean isKeyed() {
    return keeping != null && keeping.isKeyed();
  }

  private SharedRate rate() {
    return Objects.requireNonNull(Objects.requireNonNull(keeping).limit().rate());
  }

  /** There was no claim. */
  void abandon() {
    if (taken != null) {
      giveBack(taken);
      permits.open(taken);
    }
  }

  private void giveBack(Taken taken) {
    if (got < jobs) {
      permits.giveBack(taken, jobs - got);
    }
  }
}
