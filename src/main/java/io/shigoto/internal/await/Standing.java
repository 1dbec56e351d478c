package io.shigoto.internal.await;

/** How a job stands for whose end somebody waits. */
sealed interface Standing {

  /** It has not ended, or is not there. */
  enum Open implements Standing {
    /** Its end will be told. */
    WATCHED,
    /** Somebody else held its row, so its end may not be told: it is to be looked at again. */
    HELD,
    /** There is no such job. */
    GONE
  }

  /** It has ended. */
  record Ended(Ending ending) implements Standing {}
}
