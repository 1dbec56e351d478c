package io.shigoto.internal.run;

import java.util.concurrent.atomic.AtomicBoolean;

/** How far a run says it is, and what of that is written. The latest word counts. */
final class HowFar {

  private static final int NOTHING = -1;

  private final AtomicBoolean queued = new AtomicBoolean();
  private volatile int said = NOTHING;
  private volatile int written = NOTHING;

  /** The run says so; whether it is to be queued for writing. */
  boolean say(int percent) {
    said = percent;
    return isUnwritten() && queue();
  }

  /** Whether it was not queued before. */
  boolean queue() {
    return queued.compareAndSet(false, true);
  }

  /** What is to be written now; what is said from now on is queued anew. */
  int take() {
    queued.set(false);
    return said;
  }

  /** This was written. */
  void wrote(int percent) {
    written = percent;
  }

  /** Whether the latest word is not written. */
  boolean isUnwritten() {
    return said != written;
  }
}
