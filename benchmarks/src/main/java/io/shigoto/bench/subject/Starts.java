package io.shigoto.bench.subject;

import io.shigoto.worker.JobContext;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;

/** When each job was started, by its number. */
final class Starts {

  private final AtomicLongArray nanos;
  private final AtomicLongArray lateMicros;

  Starts(int jobs) {
    this.nanos = new AtomicLongArray(jobs);
    this.lateMicros = new AtomicLongArray(jobs);
  }

  void note(JobContext<Numbered> job) {
    int i = job.args().i();
    if (note(i)) {
      lateMicros.set(i, Duration.between(job.scheduledAt(), Instant.now()).toNanos() / 1000);
    }
  }

  /** Whether it is one of those that count. */
  boolean note(int i) {
    long now = System.nanoTime();
    boolean counts = i >= 0 && i < nanos.length();
    if (counts) {
      nanos.set(i, now);
    }
    return counts;
  }

  Map<String, Object> told() {
    return Map.of("starts", array(nanos), "late_us", array(lateMicros));
  }

  private static long[] array(AtomicLongArray atomic) {
    long[] plain = new long[atomic.length()];
    for (int i = 0; i < plain.length; i++) {
      plain[i] = atomic.get(i);
    }
    return plain;
  }
}
