package io.shigoto.internal.broadcast;

import java.time.Duration;

/** What is to become of a message on this node after an attempt. */
sealed interface Verdict {

  /** Nothing more: it is handled, or given up. */
  Verdict OVER = new Over();

  /** See {@link #OVER}. */
  record Over() implements Verdict {}

  /** There is another attempt after a pause. */
  record Again(Duration pause) implements Verdict {}
}
