package io.shigoto.internal.queue;

import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;

/**
 * How many jobs a queue claims beyond its free slots. When runs are shorter than the round trip of
 * a claim, the slots would stand empty most of the time: so twice as many as were finished during
 * the last claim may wait ahead, and twice as many as before if slots stood empty all the same.
 * Where a single slot is empty during each claim nothing can finish meanwhile: there it counts that
 * runs took less than a claim. Runs that take longer finish none, and nothing is claimed ahead of
 * them; if they come while something is, that is given back.
 */
final class Appetite {

  private static final int LARGEST_CLAIM = 5000;
  private static final long HEAVIEST_CLAIM = 16 * 1024 * 1024;

  private static final long SHORTEST_PATIENCE = Duration.ofSeconds(1).toNanos();
  private static final int PATIENCE = 8;

  private final int most;
  private final LongAdder finished = new LongAdder();
  private final LongAdder quick = new LongAdder();
  private volatile long claim;
  private volatile int ahead;
  private volatile int largest = LARGEST_CLAIM;

  /**
   * @param most how many may ever wait ahead
   */
  Appetite(int most) {
    this.most = most;
  }

  /** For how long a job may wait ahead, in nanoseconds: until a few more claims are answered. */
  long patience() {
    return Math.max(SHORTEST_PATIENCE, PATIENCE * claim);
  }

  /** What was claimed ahead could not be run. */
  void spoilt() {
    ahead = 0;
  }

  /** A run has ended, which took so many nanoseconds. */
  void finished(long took) {
    finished.increment();
    if (took < claim) {
      quick.increment();
    }
  }

  /** To be given to {@link #claimed} when the claim that begins now has ended. */
  long mark() {
    return finished.sum();
  }

  /**
   * A claim has ended.
   *
   * @param mark what {@link #mark} gave when it began
   * @param took how many nanoseconds it took
   * @param starved whether slots stood empty when it ended, although it brought all that it asked
   *     for
   */
  void claimed(long mark, long took, boolean starved) {
    claim = took;
    long meanwhile = finished.sum() - mark;
    boolean runsAreShort = quick.sumThenReset() > 0 || meanwhile > 0;
    long wanted = starved && runsAreShort ? Math.max(2, 2L * ahead) : 0;
    ahead = (int) Math.min(most, Math.max(2 * meanwhile, wanted));
  }

  /**
   * So many jobs were claimed. A claim asks for no more than were not too heavy the last time,
   * since it locks what it asks for, and then for a little more each time.
   *
   * @param tooMuch whether there were more that would have been too heavy
   */
  void weighed(int jobs, boolean tooMuch) {
    largest = tooMuch ? Math.max(1, jobs) : Math.min(LARGEST_CLAIM, largest + largest / 4 + 1);
  }

  /** How much the jobs of a claim may weigh together: it is in memory as a whole. */
  static long load(long room) {
    return Math.min(HEAVIEST_CLAIM, room);
  }

  /**
   * How many to claim now; 0 if it is better to wait.
   *
   * @param free slots that stand empty
   * @param waiting runs that wait for a slot
   */
  int limit(long free, int waiting) {
    long wanted = free + ahead - waiting;
    return wanted > 0 && (free > 0 || wanted > ahead / 2) ? (int) Math.min(wanted, largest) : 0;
  }
}
