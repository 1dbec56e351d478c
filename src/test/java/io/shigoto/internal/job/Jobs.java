package io.shigoto.internal.job;

import java.time.Instant;
import java.util.List;
import java.util.Set;

/** Claimed jobs as tests need them. */
public final class Jobs {

  private Jobs() {}

  public static Claimed claimed(long id) {
    return claimed(id, "worker");
  }

  public static Claimed claimed(long id, String worker) {
    return new Claimed(
        id,
        1,
        "default",
        worker,
        1,
        3,
        0,
        "{}",
        null,
        Set.of(),
        null,
        null,
        List.of(),
        Instant.EPOCH,
        Instant.EPOCH,
        Instant.EPOCH);
  }

  public static RunKey run(int attempt, int maxAttempts) {
    return new RunKey(7, 1, "default", "worker", attempt, maxAttempts);
  }
}
