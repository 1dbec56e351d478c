package io.shigoto.support;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import reactor.core.scheduler.Schedulers;

/** What is seen when a test fails, before its nodes end: goes along with what it failed by. */
final class AtFailure extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private static final int FRAMES = 12;

  private static final String JOBS =
      """
      SELECT queue, worker, state::text AS state, count(*) AS jobs, min(attempt) AS least_attempt,
             max(attempt) AS most_attempt, min(scheduled_at - now())::text AS due_in, count(owner) AS owned
        FROM shigoto.jobs
       GROUP BY queue, worker, state
       ORDER BY jobs DESC
       LIMIT 20
      """;

  private static final String NODES =
      """
      SELECT name, stopping, (lease_until - now())::text AS lease, (now() - started_at)::text AS age,
             (SELECT count(*) FROM shigoto.jobs WHERE owner = node.id) AS runs
        FROM shigoto.nodes AS node
      """;

  private AtFailure(String seen) {
    super(seen, null, false, false);
  }

  static AtFailure of(TestDatabase database) {
    return new AtFailure(
        "\njobs: "
            + rows(database, JOBS)
            + "\nnodes: "
            + rows(database, NODES)
            + "\nthreads of Schedulers.parallel() that do not answer: "
            + hung()
            + "\nthreads in the library:\n"
            + threads());
  }

  private static String rows(TestDatabase database, String query) {
    try {
      return database.sql(query).toString();
    } catch (RuntimeException e) {
      return "not to be had, " + e;
    }
  }

  /** All tests of a JVM share them, and so do delays without a scheduler of their own. */
  private static long hung() {
    Set<Thread> answered = ConcurrentHashMap.newKeySet();
    CountDownLatch all = new CountDownLatch(Schedulers.DEFAULT_POOL_SIZE);
    // Each thread has its turn, and whoever else schedules may take one.
    for (int i = 0; i < 10 * Schedulers.DEFAULT_POOL_SIZE; i++) {
      Schedulers.parallel()
          .schedule(
              () -> {
                if (answered.add(Thread.currentThread())) {
                  all.countDown();
                }
              });
    }
    try {
      all.await(1, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return all.getCount();
  }

  /** Those that are in its code at this moment: usually none. */
  private static String threads() {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(thread -> thread.getKey() != Thread.currentThread())
        .filter(thread -> isInLibrary(List.of(thread.getValue())))
        .map(thread -> thread.getKey() + "\n" + frames(thread.getValue()))
        .collect(Collectors.joining("\n"));
  }

  private static boolean isInLibrary(List<StackTraceElement> stack) {
    return stack.stream().anyMatch(frame -> frame.getClassName().startsWith("io.shigoto."));
  }

  private static String frames(StackTraceElement[] stack) {
    return Arrays.stream(stack)
        .limit(FRAMES)
        .map(frame -> "    at " + frame)
        .collect(Collectors.joining("\n"));
  }
}
