package io.shigoto.internal.permit;

/**
 * Until when a permit is good that was taken with a claim. Times are microseconds.
 *
 * @param due when the run would start if nothing took any time
 * @param until when it is too late
 */
record Validity(long due, long until) {

  /** Of what a claim does not pace. */
  static final Validity ALWAYS = new Validity(Long.MAX_VALUE, Long.MAX_VALUE);

  static Validity of(long due, long slack) {
    return new Validity(due, due + slack);
  }

  boolean isAlways() {
    return until == Long.MAX_VALUE;
  }
}
