package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.worker.JobContext;
import io.shigoto.worker.RateLimit;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;

/**
 * When runs of all nodes of a test have started, by the one clock of its JVM. Each is noted a
 * little late, when its worker was called: by how little the machine decides.
 */
final class Starts {

  private static final long NOTED_LATE = Duration.ofMillis(60).toNanos();

  /** A limit counts microseconds. */
  private static final long ROUNDED = Duration.ofNanos(2_000).toNanos();

  private final long late;
  private final Function<JobContext<?>, String> group;
  private final Map<String, Queue<Long>> byGroup = new ConcurrentHashMap<>();

  private Starts(long late, Function<JobContext<?>, String> group) {
    this.late = late;
    this.group = group;
  }

  static Starts inAll() {
    return new Starts(NOTED_LATE, job -> "");
  }

  static Starts byPartition() {
    return new Starts(NOTED_LATE, job -> String.valueOf(job.partitionKey()));
  }

  /** Noted with the time that the limit itself went by. */
  static Starts asTheLimitSawThem() {
    return new Starts(ROUNDED, job -> "");
  }

  void note(JobContext<?> job) {
    note(group.apply(job));
  }

  void note(String of) {
    note(of, System.nanoTime());
  }

  void note(String of, long nanos) {
    byGroup.computeIfAbsent(of, any -> new ConcurrentLinkedQueue<>()).add(nanos);
  }

  int count() {
    return byGroup.values().stream().mapToInt(Queue::size).sum();
  }

  int count(String of) {
    return byGroup.getOrDefault(of, new ConcurrentLinkedQueue<>()).size();
  }

  Set<String> groups() {
    return byGroup.keySet();
  }

  /** Looks at every window that begins with a start, in each group by itself. */
  void assertKept(RateLimit limit) {
    assertThat(byGroup).isNotEmpty();
    byGroup.forEach((of, starts) -> assertKept(limit, of, starts.stream().sorted().toList()));
  }

  private void assertKept(RateLimit limit, String of, List<Long> starts) {
    boolean window = limit.algorithm() == RateLimit.Algorithm.SLIDING_WINDOW;
    double each = (double) limit.period().toNanos() / limit.permits();
    int most = window ? limit.permits() : limit.burst();
    for (int from = 0; from < starts.size(); from++) {
      for (int to = from + most; to < starts.size(); to++) {
        long apart = starts.get(to) - starts.get(from) + late;
        double due = window ? limit.period().toNanos() : (to - from + 1 - most) * each;
        assertThat(apart)
            .as("%s of '%s': the starts %d to %d of %d", limit, of, from, to, starts.size())
            .isGreaterThanOrEqualTo((long) due);
        if (window) {
          break;
        }
      }
    }
  }
}
