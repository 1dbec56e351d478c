package io.shigoto.internal.claim;

/**
 * Texts most of which equal the one before: then they are that very one, whose hash is known. A
 * name is looked up several times for each job.
 */
final class Repeated {

  private String last = "";

  String text(String next) {
    if (!next.equals(last)) {
      last = next;
    }
    return last;
  }
}
