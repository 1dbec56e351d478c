package io.shigoto.internal.job;

import io.shigoto.event.JobEvent;
import io.shigoto.job.JobState;
import io.shigoto.worker.Backoff;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What is to be written about a run that ended: one factory for each arrow that leaves {@code
 * executing}.
 *
 * @param run whose
 * @param to the state it moves to
 * @param dueIn when it is due again; null where it ended, or where its time stays as it was
 * @param refund what is given back: 0 nothing, 1 the attempt, 2 the attempt of a run that was never
 *     begun
 * @param error the failure to remember, or null
 * @param result JSON, or null
 * @param kind the event that tells of it once it is written
 */
public record Settlement(
    RunKey run,
    JobState to,
    @Nullable Duration dueIn,
    int refund,
    @Nullable Failure error,
    @Nullable String result,
    JobEvent.Kind kind) {

  public static Settlement completed(RunKey run, @Nullable String result) {
    return new Settlement(run, JobState.COMPLETED, null, 0, null, result, JobEvent.Kind.COMPLETED);
  }

  public static Settlement retryable(RunKey run, Failure error, Duration backoff) {
    return new Settlement(run, JobState.RETRYABLE, backoff, 0, error, null, JobEvent.Kind.FAILED);
  }

  public static Settlement discarded(RunKey run, Failure error) {
    return new Settlement(run, JobState.DISCARDED, null, 0, error, null, JobEvent.Kind.DISCARDED);
  }

  /**
   * The job is cancelled.
   *
   * @param reason its worker's; null if it was called off from outside
   */
  public static Settlement cancelled(RunKey run, @Nullable Failure reason) {
    return new Settlement(run, JobState.CANCELLED, null, 0, reason, null, JobEvent.Kind.CANCELLED);
  }

  public static Settlement snoozed(RunKey run, Duration time) {
    return new Settlement(run, JobState.SCHEDULED, time, 1, null, null, JobEvent.Kind.SNOOZED);
  }

  public static Settlement released(RunKey run) {
    return new Settlement(run, JobState.AVAILABLE, null, 1, null, null, JobEvent.Kind.RELEASED);
  }

  /** Roughly how many bytes it takes in a statement. */
  public int weight() {
    return (result == null ? 0 : result.length())
        + (error == null ? 0 : error.message().length() + error.stack().length());
  }

  /**
   * What is written instead when the database refuses what this one contains: the attempt failed.
   */
  public Settlement unwritable(Throwable refused) {
    return run.attempt() >= run.maxAttempts() ? discarded(run, failure(refused)) : putOff(refused);
  }

  /**
   * What is written instead when the database refuses that too: the job is tried again, even if
   * that was its last attempt, for it must not be lost.
   */
  public Settlement putOff(Throwable refused) {
    return retryable(run, failure(refused), Backoff.standard(run.attempt()));
  }

  private Failure failure(Throwable refused) {
    return new Failure(
        run.attempt(),
        "",
        refused.getClass().getSimpleName(),
        "the database refused the outcome",
        "");
  }

  /**
   * What became of it if the job was called off before it was written: the job is cancelled, with
   * whatever error its run had, and its attempt counts as it would have.
   */
  public Settlement calledOff() {
    return new Settlement(
        run,
        JobState.CANCELLED,
        null,
        refund,
        error,
        null,
        kind == JobEvent.Kind.RESCUED ? kind : JobEvent.Kind.CANCELLED);
  }

  /** What became of it if the run had lost its lease: nothing was written. */
  public Settlement superseded() {
    return new Settlement(run, to, dueIn, refund, error, result, JobEvent.Kind.SUPERSEDED);
  }

  /** What was written instead: another job has its unique key, and does its work. */
  public Settlement yielded() {
    Failure reason =
        new Failure(run.attempt(), "", "cancelled", "another job has its unique key", "");
    JobEvent.Kind told =
        kind == JobEvent.Kind.RESCUED ? JobEvent.Kind.RESCUED : JobEvent.Kind.CANCELLED;
    return new Settlement(run, JobState.CANCELLED, null, refund, reason, null, told);
  }

  /** What became of it if its unique key is in an unfinished transaction: nothing, yet. */
  public Settlement undecided() {
    return new Settlement(run, JobState.EXECUTING, null, 0, null, null, kind);
  }

  /** Whether something became of it, if it is what the database said. */
  public boolean isDecided() {
    return to != JobState.EXECUTING;
  }

  /** Whether it was written, if it is what a settler gave back. */
  public boolean isWritten() {
    return kind != JobEvent.Kind.SUPERSEDED;
  }

  /** Whether it says that the job is completed. */
  public boolean isCompletion() {
    return to == JobState.COMPLETED;
  }

  /** Whether it was written and the job is discarded by it. */
  public boolean isDiscard() {
    return to == JobState.DISCARDED && isWritten();
  }

  /** The same settlement of a run that gives its attempt back and was never begun. */
  public Settlement asUnbegun() {
    return new Settlement(run, to, dueIn, 2, error, result, kind);
  }

  /** The same settlement of a run whose node was lost. */
  public Settlement asRescue() {
    return new Settlement(run, to, dueIn, refund, error, result, JobEvent.Kind.RESCUED);
  }
}
