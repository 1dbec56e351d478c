package io.shigoto.internal.known;

/**
 * A limit that keeps a node from claiming jobs of a worker just now.
 *
 * @param number the limit, or how many probes
 * @param millis for how long, 0 if time alone changes nothing
 */
public record Hold(Kind kind, int number, long millis) {

  /** Which limit. */
  public enum Kind {
    CONCURRENCY,
    RATE,
    CIRCUIT_OPEN,
    CIRCUIT_PROBING
  }
}
