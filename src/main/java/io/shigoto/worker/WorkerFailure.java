package io.shigoto.worker;

/** A failed attempt for which there is only a message. It has no stack trace. */
public final class WorkerFailure extends RuntimeException {

  private static final long serialVersionUID = 1L;

  public WorkerFailure(String message) {
    super(message, null, false, false);
  }
}
