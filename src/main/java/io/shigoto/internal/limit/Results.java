package io.shigoto.internal.limit;

/** The last so many results, immutable. Of many successes in a row there is one instance. */
final class Results {

  private final int window;
  private final long[] failed;
  private final int seen;
  private final int next;
  private final int failures;

  private Results(int window, long[] failed, int seen, int next, int failures) {
    this.window = window;
    this.failed = failed;
    this.seen = seen;
    this.next = next;
    this.failures = failures;
  }

  static Results none(int window) {
    return new Results(window, new long[window / Long.SIZE + 1], 0, 0, 0);
  }

  /** With one more, and without the oldest if there are too many. */
  Results and(boolean failure) {
    if (!failure && failures == 0 && isFull()) {
      return this;
    }
    int word = next / Long.SIZE;
    long bit = 1L << next;
    boolean oldest = (failed[word] & bit) != 0;
    long[] changed = failed;
    if (oldest != failure) {
      changed = failed.clone();
      changed[word] ^= bit;
    }
    return new Results(
        window,
        changed,
        Math.min(window, seen + 1),
        (next + 1) % window,
        failures + (failure ? 1 : 0) - (oldest ? 1 : 0));
  }

  boolean isFull() {
    return seen == window;
  }

  int failures() {
    return failures;
  }
}
