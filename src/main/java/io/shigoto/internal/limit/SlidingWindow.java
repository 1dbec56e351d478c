package io.shigoto.internal.limit;

import java.util.Arrays;

/**
 * The sliding window: in any window as long as the period there are no more starts than permits. A
 * log of starts, of which those in the same fifteenth of a period share an entry with the time of
 * the last of them. So it is exact for up to 16 permits, and else never too generous; a permit
 * comes back at most a fifteenth of a period late, and under load, when starts come together as
 * permits do, at once.
 *
 * <p>The usual counter of two fixed windows with a weight between them is smaller, and admits more
 * than the permits when starts bunch at the end of the first: it assumes them spread evenly. Hence
 * a log. Source of both: A. Chen, "How we designed rate limiting", in the form of "An alternative
 * approach to rate limiting", N. Trandafir et al., Figma, 2017.
 *
 * <p>State: for each entry, oldest first, the time of its last start and how many there were.
 */
final class SlidingWindow implements Pace {

  private static final int ENTRIES = 16;

  private final int permits;
  private final long period;
  private final long share;

  SlidingWindow(int permits, long period) {
    this.permits = permits;
    this.period = period;
    this.share = permits <= ENTRIES ? 1 : Drain.time(period, ENTRIES - 1);
  }

  @Override
  public Decision next(PaceState state, int wanted, long now) {
    Log log = Log.of(state, now - period, now);
    int granted = (int) Math.max(0, Math.min(wanted, permits - log.starts()));
    if (granted > 0) {
      log.add(now, granted, share);
    }
    return new Decision(log.toState(), granted, nextAt(log, now));
  }

  @Override
  public PaceState giveBack(PaceState state, int unused, long taken, long now) {
    Log log = Log.of(state, now - period, now);
    log.remove(taken, unused, share);
    return log.toState();
  }

  @Override
  public long kept() {
    return 0;
  }

  private long nextAt(Log log, long now) {
    long over = log.starts() - permits;
    long at = now;
    for (int entry = 0; over >= 0; entry++) {
      at = log.last(entry) + period;
      over -= log.count(entry);
    }
    return at;
  }

  /** The entries that still count, in the making. */
  private static final class Log {

    private final long[] last;
    private final long[] count;
    private int size;

    private Log(int most) {
      this.last = new long[most];
      this.count = new long[most];
    }

    /** Those after {@code gone}; what was noted in the future counts as of now. */
    static Log of(PaceState state, long gone, long now) {
      Log log = new Log(state.size() / 2 + 1);
      for (int i = 0; i < state.size(); i += 2) {
        if (state.at(i) > gone) {
          log.add(Math.min(state.at(i), now), state.at(i + 1), 1);
        }
      }
      return log;
    }

    void add(long time, long starts, long share) {
      if (size > 0 && Math.floorDiv(last[size - 1], share) == Math.floorDiv(time, share)) {
        last[size - 1] = time;
        count[size - 1] += starts;
      } else {
        last[size] = time;
        count[size++] = starts;
      }
    }

    void remove(long time, int starts, long share) {
      for (int i = 0; i < size; i++) {
        if (Math.floorDiv(last[i], share) == Math.floorDiv(time, share)) {
          count[i] = Math.max(0, count[i] - starts);
        }
      }
    }

    long starts() {
      long all = 0;
      for (int i = 0; i < size; i++) {
        all += count[i];
      }
      return all;
    }

    long last(int entry) {
      return last[entry];
    }

    long count(int entry) {
      return count[entry];
    }

    PaceState toState() {
      long[] values = new long[2 * size];
      int used = 0;
      for (int i = 0; i < size; i++) {
        if (count[i] > 0) {
          values[used++] = last[i];
          values[used++] = count[i];
        }
      }
      return PaceState.of(Arrays.copyOf(values, used));
    }
  }
}
