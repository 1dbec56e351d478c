package io.shigoto.internal.shed;

import io.shigoto.internal.shed.Sample.Best;
import java.util.Collections;
import org.jspecify.annotations.Nullable;

/**
 * What the claims of a window tell together. Times are nanoseconds.
 *
 * @param top the highest priority that was claimed, or null
 * @param best the least wait of the highest priority, of those whose wait says something, or null
 * @param fastest the least time of a claim
 */
record Window(long began, @Nullable Integer top, @Nullable Best best, long fastest) {

  static Window begin(long now) {
    return new Window(now, null, null, Long.MAX_VALUE);
  }

  Window with(Sample sample) {
    Integer highest = sample.priorities().isEmpty() ? null : Collections.max(sample.priorities());
    return new Window(
        began,
        top == null || (highest != null && highest > top) ? highest : top,
        sample.best() == null ? best : Best.of(best, sample.best()),
        Math.min(fastest, sample.took()));
  }

  /**
   * Whether it tells of overload. Where nothing was claimed there is nothing to make room for,
   * however slow the database is.
   */
  boolean isOverload(Targets targets) {
    return waits(targets) || isSlow(targets);
  }

  /** Whether even the best waited too long. */
  boolean waits(Targets targets) {
    return best != null && best.waited() > targets.waiting();
  }

  /** Whether even the fastest claim took too long. */
  boolean isSlow(Targets targets) {
    return top != null && fastest > targets.claiming();
  }

  /** The highest priority for which room is to be made. */
  @Nullable Integer protects(Targets targets) {
    if (isSlow(targets)) {
      return top;
    }
    return best != null && waits(targets) ? Integer.valueOf(best.priority()) : null;
  }
}
