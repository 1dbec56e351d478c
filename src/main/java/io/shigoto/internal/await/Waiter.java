package io.shigoto.internal.await;

import java.time.Duration;
import reactor.core.publisher.MonoSink;

/** One caller who waits for the end of one job. */
final class Waiter {

  private static final Duration FIRST_PAUSE = Duration.ofMillis(5);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  private final long id;
  private final MonoSink<Ending> caller;
  private volatile boolean jobIsThere;
  private volatile Duration pause = FIRST_PAUSE;

  Waiter(long id, MonoSink<Ending> caller) {
    this.id = id;
    this.caller = caller;
  }

  /** The job. */
  long id() {
    return id;
  }

  /** From now on trouble with the database does not end the wait. */
  void jobIsThere() {
    jobIsThere = true;
  }

  /** Whether the job is known to be there. */
  boolean knowsTheJobIsThere() {
    return jobIsThere;
  }

  /** How long to pause before one more look, if the last one did not tell. */
  Duration nextPause() {
    Duration now = pause;
    Duration twice = now.multipliedBy(2);
    pause = twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
    return now;
  }

  void end(Ending ending) {
    caller.success(ending);
  }

  void fail(Throwable error) {
    caller.error(error);
  }
}
