package io.shigoto.internal.json;

/** A message is not what its receiver takes. Says where, and never what stands there. */
public final class PayloadDoesNotFit extends RuntimeException {

  private static final long serialVersionUID = 1L;

  PayloadDoesNotFit(String path, String type, String why) {
    super("payload does not fit " + type + " at " + path + " (" + why + ")", null, false, false);
  }
}
