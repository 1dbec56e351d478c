package io.shigoto;

import static java.util.Objects.requireNonNull;

import io.shigoto.control.Cancellation;
import io.shigoto.control.Conditions;
import io.shigoto.control.Deletion;
import io.shigoto.control.Explanation;
import io.shigoto.control.JobFilter;
import io.shigoto.control.JobPage;
import io.shigoto.control.Page;
import io.shigoto.control.Retry;
import io.shigoto.internal.node.Answers;
import io.shigoto.internal.node.Calls;
import io.shigoto.internal.thread.Answering;
import io.shigoto.job.Job;
import io.shigoto.job.JobNotCompleted;
import io.shigoto.job.ResultDoesNotFit;
import reactor.core.publisher.Mono;
import tools.jackson.core.type.TypeReference;

/**
 * What can be asked of jobs, from any node and of those of any node. Got by {@link Shigoto#jobs()}.
 *
 * <p>Any id may be asked for. One that no job has is an answer, no error: ids come from outside,
 * and that a job is there no more is nothing that the one who asks could know. So it is with one
 * that no job can have, such as 0.
 *
 * <p>Nothing happens before subscription. Thread: answers come on threads of the node's own, which
 * must not be blocked. Safe for any number of threads. Errors of the database come as the driver's
 * own.
 */
public final class Jobs {

  private final Calls.Questions questions;
  private final Answers answers;
  private final Answering answering;

  Jobs(Calls.Questions questions, Answers answers, Answering answering) {
    this.questions = questions;
    this.answers = answers;
    this.answering = answering;
  }

  /** Finds a job, live or ended; empty if there is none. */
  public Mono<Job> find(long id) {
    return answered(questions.finder().find(id));
  }

  /**
   * Says why a job does not run: all reasons, as of one moment. It costs about the same whatever
   * waits and whatever has ended. What keeps another node from starting the job is as that node
   * told last, up to a fifth of its lease ago; limits and slots of nodes are reasons only if no
   * live node is free of them.
   */
  public Mono<Explanation> explain(long id) {
    return answered(questions.explainer().explain(id));
  }

  /**
   * Finds jobs, live and ended together, the newest first: those with the largest ids.
   *
   * <p>Emits a page, which may have fewer jobs than it could, even none, while it says that there
   * is a next one: for each page a limited number of jobs is looked at, so that it comes soon
   * whatever the history holds. A page is one look at the database. Over several pages no job is
   * met twice, nor is one missed because it moved; those inserted meanwhile are not among them.
   *
   * <p>Errors: {@link IllegalArgumentException}, at the call, if the filter says nothing or its
   * args cannot be written.
   */
  public Mono<JobPage> search(JobFilter filter, Page page) {
    return answered(questions.searcher().search(conditions(filter), requireNonNull(page, "page")));
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
    return answered(questions.control().canceller().cancel(id));
  }

  /**
   * Cancels all jobs that are meant, as {@link #cancel} does each; emits how many, when all are
   * committed.
   *
   * <p>It goes by slices of 1,000 jobs, each committed on its own, from the newest job of its
   * beginning down: what is inserted later is not included. So jobs that depend on others which are
   * meant too are cancelled before or with these, and are not set free by their end. A job is
   * cancelled if it is still in one of the filter's states when its turn comes.
   *
   * <p>Cancel: what is done stays done, no further slice begins. Errors: {@link
   * IllegalArgumentException}, at the call, if the filter says nothing or means only jobs that have
   * ended; a {@link java.util.concurrent.TimeoutException}, when all others are done, if another
   * transaction keeps jobs locked for longer than the statement timeout.
   */
  public Mono<Cancellation.Counts> cancelAll(JobFilter filter) {
    return answered(questions.control().canceller().cancelAll(conditions(filter)));
  }

  /**
   * Has a job run once more. One that was discarded or cancelled lives again, under its id: it is
   * available at once (or waits once more for jobs that it depends on), its attempts start again,
   * its errors are kept, it takes its unique key again, and its batch waits for it again, unless
   * that has finished. Jobs that depend on it and still wait for others wait for it again; those
   * that have moved on are left as they are. One that waits for its time or its backoff is due now.
   *
   * <p>Cancel: the job may be retried all the same. Errors: a {@link
   * java.util.concurrent.TimeoutException} if another transaction keeps the job or its key locked
   * for longer than the statement timeout.
   */
  public Mono<Retry> retry(long id) {
    return answered(questions.control().retrier().retry(id));
  }

  /**
   * Retries all jobs that are meant, as {@link #retry} does each; emits how many, when all are
   * committed. These are the discarded, the cancelled and the retryable among them; those that are
   * scheduled only if the filter names that state.
   *
   * <p>Slices, Cancel, Errors: as {@link #cancelAll}.
   */
  public Mono<Retry.Counts> retryAll(JobFilter filter) {
    return answered(questions.control().retrier().retryAll(conditions(filter)));
  }

  /**
   * Deletes a job that does not run. For those that wait for it, and for its batch, one that lives
   * counts as cancelled; one that has ended stays counted in its batch. Its unique key is free.
   *
   * <p>Cancel: the job may be deleted all the same. Errors: a {@link
   * java.util.concurrent.TimeoutException} if another transaction keeps the job locked for longer
   * than the statement timeout.
   */
  public Mono<Deletion> delete(long id) {
    return answered(questions.control().deleter().delete(id));
  }

  /**
   * Deletes all jobs that are meant, live ones and ended ones, as {@link #delete} does each; emits
   * how many, when all are committed.
   *
   * <p>Slices, Cancel, Errors: as {@link #cancelAll}.
   */
  public Mono<Deletion.Counts> deleteAll(JobFilter filter) {
    return answered(questions.control().deleter().deleteAll(conditions(filter)));
  }

  /**
   * Waits, when subscribed, until a job has ended, wherever it runs; completes if it is completed,
   * at once if it was before. Works before start() too. Cancel: ends the wait and nothing else.
   *
   * <p>There is no limit of time: put a {@code timeout} behind it. Trouble with the database does
   * not end the wait, once the job was seen.
   *
   * <p>Errors: {@link JobNotCompleted} if it is or was discarded or cancelled; {@link
   * java.util.NoSuchElementException} if there is no such job; {@link IllegalStateException} when
   * this node is stopped.
   */
  public Mono<Void> await(long id) {
    return answering.of(answers.await(id));
  }

  /**
   * As {@link #await(long)}; emits the job's result, or nothing if it has none.
   *
   * <p>Errors: also {@link ResultDoesNotFit}, which names the JSON path.
   */
  public <R> Mono<R> await(long id, Class<R> type) {
    return answering.of(answers.await(id, requireNonNull(type, "type")));
  }

  /**
   * As {@link #await(long)}; emits the job's result, or nothing if it has none.
   *
   * <p>Errors: also {@link ResultDoesNotFit}, which names the JSON path.
   */
  public <R> Mono<R> await(long id, TypeReference<R> type) {
    return answering.of(answers.await(id, requireNonNull(type, "type").getType()));
  }

  private static Conditions conditions(JobFilter filter) {
    return requireNonNull(filter, "filter").conditions();
  }

  private <T> Mono<T> answered(Mono<T> answer) {
    return questions.underWay().pass(answering.of(answer));
  }
}
