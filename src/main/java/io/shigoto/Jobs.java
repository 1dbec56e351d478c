package io.shigoto;

import io.shigoto.control.Cancellation;
import io.shigoto.internal.control.Canceller;
import io.shigoto.internal.control.Finder;
import io.shigoto.internal.flow.Gate;
import io.shigoto.job.Job;
import io.shigoto.job.JobNotCompleted;
import io.shigoto.job.ResultDoesNotFit;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import tools.jackson.core.type.TypeReference;

/**
 * What can be asked of jobs, from any node and of those of any node. Got by {@link Shigoto#jobs()}.
 *
 * <p>Nothing happens before subscription. Thread: answers come on the scheduler for workers. Safe
 * for any number of threads. Errors of the database come as the driver's own.
 */
public final class Jobs {

  private final Finder finder;
  private final Answers answers;
  private final Canceller canceller;
  private final Scheduler scheduler;
  private final Gate underWay = new Gate();

  Jobs(Finder finder, Answers answers, Canceller canceller, Scheduler scheduler) {
    this.finder = finder;
    this.answers = answers;
    this.canceller = canceller;
    this.scheduler = scheduler;
  }

  /** Finds a job, live or ended; empty if there is none. */
  public Mono<Job> find(long id) {
    return answered(finder.find(id));
  }

  /**
   * Calls a job off, whatever it does. One that does not run is cancelled when this emits. One that
   * runs, on whatever node, has its subscription cancelled within a second; then it is cancelled,
   * unless its run completes before. A run that fails or snoozes meanwhile is cancelled too.
   *
   * <p>Cancel: the job may be called off all the same. Errors: a {@link
   * java.util.concurrent.TimeoutException} if another transaction keeps the job locked for longer
   * than the statement timeout.
   */
  public Mono<Cancellation> cancel(long id) {
    return answered(canceller.cancel(id));
  }

  /**
   * Waits, when subscribed, until a job has ended, wherever it runs; completes if it is completed,
   * at once if it was before. Works before start() too. Thread: the worker scheduler. Cancel: ends
   * the wait and nothing else.
   *
   * <p>There is no limit of time: put a {@code timeout} behind it. Trouble with the database does
   * not end the wait, once the job was seen.
   *
   * <p>Errors: {@link JobNotCompleted} if it is or was discarded or cancelled; {@link
   * java.util.NoSuchElementException} if there is no such job; {@link IllegalStateException} when
   * this node is stopped.
   */
  public Mono<Void> await(long id) {
    return answers.await(id);
  }

  /**
   * As {@link #await(long)}; emits the job's result, or nothing if it has none.
   *
   * <p>Errors: also {@link ResultDoesNotFit}, which names the JSON path.
   */
  public <R> Mono<R> await(long id, Class<R> type) {
    return answers.await(id, type);
  }

  /**
   * As {@link #await(long)}; emits the job's result, or nothing if it has none.
   *
   * <p>Errors: also {@link ResultDoesNotFit}, which names the JSON path.
   */
  public <R> Mono<R> await(long id, TypeReference<R> type) {
    return answers.await(id, type.getType());
  }

  /** Takes no more questions; completes when those that were asked have their answers. */
  Mono<Void> close() {
    return underWay.close();
  }

  private <T> Mono<T> answered(Mono<T> answer) {
    return underWay.pass(answer.publishOn(scheduler));
  }
}
