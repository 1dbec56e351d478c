package io.shigoto.internal.json;

/** A job's arguments are not what its worker takes. Says where, and never what stands there. */
public final class ArgsDoNotFit extends RuntimeException {

  private static final long serialVersionUID = 1L;

  ArgsDoNotFit(String path, String type, String why) {
    super("args do not fit " + type + " at " + path + " (" + why + ")", null, false, false);
  }
}
