package io.shigoto.internal.permit;

import io.shigoto.internal.permit.Rule.Limit;
import org.jspecify.annotations.Nullable;

/** Decides when it is worth to tell that a worker is limited: when it begins, and not too often. */
final class Notice {

  private static final long PAUSE = 1_000_000;

  private final Kept<Last> last = new Kept<>(new Last(null, 0, true));

  /** Jobs may be waiting because of a limit; whether that is to be told. */
  boolean begins(Limit by, long now) {
    Last present = last.get();
    if (present.by == by && !present.over) {
      return false;
    }
    boolean soon = present.by == by && now - present.at < PAUSE;
    return last.replace(present, new Last(by, soon ? present.at : now, false)) && !soon;
  }

  /** None are. */
  void ends() {
    Last present = last.get();
    if (!present.over) {
      last.replace(present, new Last(present.by, present.at, true));
    }
  }

  /**
   * What was told.
   *
   * @param over whether it is no longer so
   */
  private record Last(@Nullable Limit by, long at, boolean over) {}
}
