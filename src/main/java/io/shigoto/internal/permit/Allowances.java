package io.shigoto.internal.permit;

import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;
import io.shigoto.internal.known.ClusterLimit;
import io.shigoto.internal.known.Hold;
import io.shigoto.internal.known.Workers;
import java.time.Duration;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import reactor.core.scheduler.Scheduler;

/**
 * How many jobs of each worker this node may claim now. Its queues share one, and so do its
 * incarnations: a limit does not begin anew when a lease is lost.
 */
public final class Allowances implements Bell {

  private static final long FIRST_CLAIM = 2_000;

  private final String[] names;
  private final WorkerPermits[] permits;
  private final Map<String, Integer> indexes = new HashMap<>();
  private final long backstop;
  private final LongSupplier micros;
  private volatile long claim = FIRST_CLAIM;

  /**
   * @param backstop how long to wait at most for word that there is room in the cluster
   * @param nanos a clock for elapsed time
   */
  public Allowances(
      Workers workers, Events events, Duration backstop, Scheduler timer, LongSupplier nanos) {
    this.backstop = backstop.toNanos() / 1000;
    this.micros = () -> Math.floorDiv(nanos.getAsLong(), 1000L);
    String here = UUID.randomUUID().toString();
    IdentityHashMap<Workers.Known, WorkerPermits> each = new IdentityHashMap<>();
    this.names = workers.names();
    this.permits = new WorkerPermits[names.length];
    for (int i = 0; i < names.length; i++) {
      Workers.Known known = Objects.requireNonNull(workers.find(names[i]));
      permits[i] =
          each.computeIfAbsent(known, one -> new WorkerPermits(one, here, events, timer, micros));
      indexes.put(names[i], i);
    }
  }

  /**
   * What a queue has to do with them.
   *
   * @param onWake called when the queue is to look again, because there is more of what it did not
   *     get before
   */
  public Lane lane(Runnable onWake) {
    return new Lane(this, onWake);
  }

  @Override
  public void ring(News news) {
    for (String worker : news.freed()) {
      Integer index = indexes.get(worker);
      if (index != null) {
        permits[index].freed();
      }
    }
  }

  @Override
  public void everything() {
    for (WorkerPermits each : permits) {
      each.freed();
    }
  }

  /** What keeps workers, by name, of which nothing may be claimed now. */
  public Map<String, List<Hold>> holds() {
    Map<String, List<Hold>> holds = new HashMap<>();
    for (int i = 0; i < names.length; i++) {
      List<Hold> each = permits[i].holds();
      if (!each.isEmpty()) {
        holds.put(names[i], each);
      }
    }
    return holds;
  }

  /** The limits of workers that claims keep, by name. */
  public Map<String, ClusterLimit> clusterLimits() {
    Map<String, ClusterLimit> limits = new HashMap<>();
    for (int i = 0; i < names.length; i++) {
      ClusterLimit limit = permits[i].clusterLimit();
      if (limit != null) {
        limits.put(names[i], limit);
      }
    }
    return limits;
  }

  /** What time it is, in microseconds. */
  long now() {
    return micros.getAsLong();
  }

  /** How long to wait for word that there is room in the cluster, in microseconds. */
  long backstop() {
    return backstop;
  }

  /** A claim took so long. */
  void claimTook(long nanos) {
    long before = claim;
    claim = before + (TimeUnit.NANOSECONDS.toMicros(nanos) - before) / 8;
  }

  /** How long a claim takes, in microseconds. */
  long claim() {
    return claim;
  }

  /** How many names there are. */
  int size() {
    return names.length;
  }

  String name(int index) {
    return names[index];
  }

  int index(String name) {
    return Objects.requireNonNull(indexes.get(name));
  }

  /** The same for all names of a worker. */
  WorkerPermits permits(int index) {
    return permits[index];
  }
}
