package io.shigoto.worker;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** The pause between a failed attempt and the next one. */
public final class Backoff {

  private static final long LONGEST_SECONDS = 1800;
  private static final int JITTER_SECONDS = 30;

  private Backoff() {}

  /** {@code min(attempt^4 + random(0..30), 1800)} seconds, the formula of the Erlang original. */
  public static Duration standard(int attempt) {
    long tried = Math.min(Math.max(attempt, 1), 7);
    long jitter = ThreadLocalRandom.current().nextInt(JITTER_SECONDS + 1);
    return Duration.ofSeconds(Math.min(tried * tried * tried * tried + jitter, LONGEST_SECONDS));
  }
}
