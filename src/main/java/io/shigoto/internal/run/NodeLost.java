package io.shigoto.internal.run;

/** The error of an attempt whose node went away. */
public final class NodeLost extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public NodeLost() {
    super(
        "the node that ran this attempt lost its lease: it crashed, hung, or could not reach the database",
        null,
        false,
        false);
  }
}
