package io.shigoto.internal.settle;

/**
 * The error of an attempt that said it was done, while the transaction that says so is not there.
 */
public final class NotCommitted extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public NotCommitted() {
    super(
        "the run ended as done, but the transaction in which it called completeIn was not committed",
        null,
        false,
        false);
  }
}
