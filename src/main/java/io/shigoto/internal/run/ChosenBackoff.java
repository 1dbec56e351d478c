package io.shigoto.internal.run;

import io.shigoto.worker.Backoff;
import java.time.Duration;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The backoff that the application chooses; the standard one if it cannot. */
public final class ChosenBackoff {

  private static final Logger LOG = LoggerFactory.getLogger(ChosenBackoff.class);
  private static final Duration LONGEST = Duration.ofDays(3650);

  private ChosenBackoff() {}

  /**
   * Asks for it. Never fails.
   *
   * @param worker who is asked, for the log
   * @param attempt the attempt that failed
   */
  public static Duration of(String worker, int attempt, Supplier<Duration> asked) {
    try {
      Duration chosen = asked.get();
      if (chosen != null && !chosen.isNegative()) {
        return chosen.compareTo(LONGEST) > 0 ? LONGEST : chosen;
      }
      LOG.atWarn()
          .addKeyValue("worker", worker)
          .addKeyValue("backoff", chosen)
          .log("backoff is null or negative, the standard one is used");
    } catch (Throwable broken) {
      LOG.atWarn()
          .addKeyValue("worker", worker)
          .addKeyValue("error", broken.getClass().getName())
          .log("backoff failed, the standard one is used");
    }
    return Backoff.standard(attempt);
  }
}
