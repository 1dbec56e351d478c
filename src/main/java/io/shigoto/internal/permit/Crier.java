package io.shigoto.internal.permit;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.known.WorkerLimits;
import io.shigoto.internal.limit.Breaker;
import io.shigoto.internal.permit.Rule.Limit;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells what keeps the jobs of a worker back. Times are microseconds. */
final class Crier {

  private static final Logger LOG = LoggerFactory.getLogger(Crier.class);

  private final String worker;
  private final WorkerLimits limits;
  private final Events events;
  private final Notice full = new Notice();
  private final Notice tooFast = new Notice();

  Crier(String worker, WorkerLimits limits, Events events) {
    this.worker = worker;
    this.limits = limits;
    this.events = events;
  }

  /** As many run as may, here or in the cluster. */
  void full(Limit by, long now) {
    if (by == Limit.CONCURRENCY && full.begins(now)) {
      events.ofWorker(JobEvent.Kind.BULKHEAD_FULL, worker, limits.concurrency(), null, null);
    }
    if (by == Limit.CLUSTER && full.begins(now)) {
      int most = Math.min(limits.globalConcurrency(), limits.partitionConcurrency());
      events.ofWorker(JobEvent.Kind.BULKHEAD_FULL, worker, most, null, "cluster");
    }
  }

  /** The rate lets the next start after so long. */
  void tooFast(long wait, long now) {
    if (tooFast.begins(now)) {
      events.ofWorker(
          JobEvent.Kind.RATE_LIMITED, worker, null, micros(wait), limits.rate().toString());
    }
  }

  /** Nothing keeps them back any more. */
  void relieved() {
    full.ends();
    tooFast.ends();
  }

  /** The circuit breaker has opened or closed. */
  void circuit(Breaker.State after, long now) {
    if (after instanceof Breaker.Open open) {
      LOG.atWarn().addKeyValue("worker", worker).log("circuit opened, its jobs are not claimed");
      Duration left = micros(open.until() - now);
      events.ofWorker(JobEvent.Kind.CIRCUIT_OPENED, worker, null, left, null);
    } else {
      LOG.atInfo().addKeyValue("worker", worker).log("circuit closed");
      events.ofWorker(JobEvent.Kind.CIRCUIT_CLOSED, worker, null, null, null);
    }
  }

  private static Duration micros(long micros) {
    return Duration.of(Math.max(0, micros), ChronoUnit.MICROS);
  }
}
