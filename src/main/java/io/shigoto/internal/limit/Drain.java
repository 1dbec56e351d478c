package io.shigoto.internal.limit;

/** What runs out at a steady rate, without ever overflowing. */
final class Drain {

  private Drain() {}

  /** How many microseconds it takes until nothing is left of an amount, rounded up. */
  static long time(long amount, long rate) {
    return amount / rate + (amount % rate == 0 ? 0 : 1);
  }

  /**
   * What is left of an amount.
   *
   * @param rate how much runs out in a microsecond
   * @return zero if {@code now} is before {@code since}: nobody knows how long it was
   */
  static long left(long amount, long rate, long since, long now) {
    long elapsed = now - since;
    return elapsed < 0 || elapsed > amount / rate ? 0 : amount - elapsed * rate;
  }
}
