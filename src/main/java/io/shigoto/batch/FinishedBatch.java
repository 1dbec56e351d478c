package io.shigoto.batch;

/**
 * The arguments of a batch's callback: what became of its jobs, and what was given for the callback
 * when the batch was opened. A callback is a worker of this, such as {@code
 * ReactiveWorker<FinishedBatch<Import>>}.
 *
 * @param <A> what was given: anything Jackson can read
 * @param id the batch
 * @param total how many jobs it had
 * @param completed how many of them are completed
 * @param discarded how many are discarded
 * @param cancelled how many are cancelled
 * @param args what was given
 */
public record FinishedBatch<A>(
    long id, long total, long completed, long discarded, long cancelled, A args) {

  /** Whether every job of it is completed. */
  public boolean allCompleted() {
    return completed == total;
  }
}
