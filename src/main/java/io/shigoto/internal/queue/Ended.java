package io.shigoto.internal.queue;

import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.run.Run;
import java.time.Duration;

/**
 * A run that is over, or that never began.
 *
 * @param settlement what is to be written about it
 */
record Ended(Run run, Settlement settlement, Duration took) {

  /** It did not begin: its job is given back. */
  static Ended released(Run run) {
    run.permit().close();
    return new Ended(run, Settlement.released(run.key()).asUnbegun(), Duration.ZERO);
  }
}
