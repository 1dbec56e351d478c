package io.shigoto.worker;

/** A failed attempt for which there is only a message. It has no stack trace. */
public final class WorkerFailure extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /**
   * What {@link Outcome#failed(String)} makes of its message.
   *
   * @param message as it is stored with the errors of the job
   */
  public WorkerFailure(String message) {
    super(message, null, false, false);
  }
}
