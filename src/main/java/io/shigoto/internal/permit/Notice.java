package io.shigoto.internal.permit;

import io.shigoto.internal.limit.Kept;

/** Decides when it is worth to tell that a limit holds: when it begins, and not too often. */
final class Notice {

  private static final long PAUSE = 1_000_000;
  private static final long LONG_AGO = Long.MIN_VALUE / 2;

  private final Kept<Last> last = new Kept<>(new Last(LONG_AGO, true));

  /** It holds; whether that is to be told. Times are microseconds. */
  boolean begins(long now) {
    Last present = last.get();
    if (!present.over) {
      return false;
    }
    boolean soon = now - present.at < PAUSE;
    return last.replace(present, new Last(soon ? present.at : now, false)) && !soon;
  }

  /** It holds no more. */
  void ends() {
    Last present = last.get();
    if (!present.over) {
      last.replace(present, new Last(present.at, true));
    }
  }

  /**
   * What was told.
   *
   * @param at when it was told last
   * @param over whether it is no longer so
   */
  private record Last(long at, boolean over) {}
}
