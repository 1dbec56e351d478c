package io.shigoto.internal.claim;

import java.time.Instant;

/** Whole numbers with a space between them, read one after the other. */
final class Numbers {

  private final String text;
  private int at;

  Numbers(String text) {
    this.text = text;
  }

  /**
   * The next one.
   *
   * @throws NumberFormatException if there is none
   */
  long next() {
    int end = text.indexOf(' ', at);
    int until = end < 0 ? text.length() : end;
    long number = Long.parseLong(text, Math.min(at, until), until, 10);
    at = until + 1;
    return number;
  }

  /** The next one, in microseconds since 1970. */
  Instant nextInstant() {
    long micros = next();
    return Instant.ofEpochSecond(
        Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1000);
  }
}
