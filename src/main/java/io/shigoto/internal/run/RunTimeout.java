package io.shigoto.internal.run;

import java.time.Duration;

/** The error of an attempt that took longer than its worker allows. */
final class RunTimeout extends RuntimeException {

  private static final long serialVersionUID = 1L;

  RunTimeout(Duration allowed) {
    super("took longer than " + allowed + " and was cancelled", null, false, false);
  }
}
