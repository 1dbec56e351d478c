package io.shigoto.internal.limit;

/**
 * Until when a permit is good that was taken with a claim. Times are microseconds.
 *
 * @param due when the run would start if nothing took any time
 * @param until when it is too late
 */
public record Validity(long due, long until) {

  /** Of what a claim does not pace. */
  public static final Validity ALWAYS = new Validity(Long.MAX_VALUE, Long.MAX_VALUE);

  public static Validity of(long due, long slack) {
    return new Validity(due, due + slack);
  }

  public boolean isAlways() {
    return until == Long.MAX_VALUE;
  }
}
