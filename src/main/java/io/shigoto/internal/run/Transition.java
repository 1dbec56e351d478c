package io.shigoto.internal.run;

import io.shigoto.internal.job.Failure;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.known.Workers;
import io.shigoto.worker.Backoff;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * From how a run ended to what is to be written about it. Code of the application is called here
 * too (its backoff, the getters of its result), and may throw anything: none of it must get out,
 * for it would end the queue.
 */
public final class Transition {

  private final String node;
  private final Json json;

  public Transition(String node, Json json) {
    this.node = node;
    this.json = json;
  }

  /**
   * Decides what an outcome means for its job.
   *
   * @param known the worker, whose backoff is asked; null if this node does not know it, then the
   *     standard backoff holds
   */
  public Settlement of(RunKey run, Outcome outcome, Workers.@Nullable Known known) {
    if (outcome instanceof Outcome.Done done) {
      return completed(run, done, known);
    }
    if (outcome instanceof Outcome.Failed failed) {
      return failed(run, failed.error(), known);
    }
    if (outcome instanceof Outcome.Snooze snooze) {
      return Settlement.snoozed(run, snooze.time());
    }
    if (outcome instanceof Outcome.Cancel cancel) {
      return Settlement.cancelled(
          run, Failure.of(run.attempt(), node, "cancelled", cancel.reason()));
    }
    Outcome.Discard discard = (Outcome.Discard) outcome;
    return Settlement.discarded(
        run, Failure.of(run.attempt(), node, "discarded", discard.reason()));
  }

  private Settlement completed(RunKey run, Outcome.Done done, Workers.@Nullable Known known) {
    if (done.result() == null) {
      return Settlement.completed(run, null);
    }
    try {
      return Settlement.completed(
          run, json.write("result of worker '" + run.worker() + "'", done.result()));
    } catch (Throwable refused) {
      return failed(run, refused, known);
    }
  }

  private Settlement failed(RunKey run, Throwable error, Workers.@Nullable Known known) {
    Failure failure = Failure.of(run.attempt(), node, error);
    return run.attempt() >= run.maxAttempts()
        ? Settlement.discarded(run, failure)
        : Settlement.retryable(run, failure, backoff(run.attempt(), error, known));
  }

  private static Duration backoff(int attempt, Throwable error, Workers.@Nullable Known known) {
    return known == null
        ? Backoff.standard(attempt)
        : ChosenBackoff.of(known.name(), attempt, () -> known.worker().backoff(attempt, error));
  }
}
