package io.shigoto.demo;

/** The folder that was given is of no use; the message tells its user why. */
final class InputRefused extends RuntimeException {

  private static final long serialVersionUID = 1L;

  InputRefused(String message) {
    super(message, null, false, false);
  }
}
