package io.shigoto;

import io.shigoto.internal.control.Finder;
import io.shigoto.job.Job;
import io.shigoto.job.JobNotCompleted;
import io.shigoto.job.ResultDoesNotFit;
import reactor.core.publisher.Mono;
import tools.jackson.core.type.TypeReference;

/**
 * What can be asked about jobs, from any node and about those of any node. Got by {@link
 * Shigoto#jobs()}.
 *
 * <p>Safe for any number of threads. Errors of the database come as the driver's own.
 */
public final class Jobs {

  private final Finder finder;
  private final Answers answers;

  Jobs(Finder finder, Answers answers) {
    this.finder = finder;
    this.answers = answers;
  }

  /** Finds a job, live or ended; empty if there is none. */
  public Mono<Job> find(long id) {
    return finder.find(id);
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
}
