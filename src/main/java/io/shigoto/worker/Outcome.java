package io.shigoto.worker;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How a run ended, as its worker sees it. Made by the factories here. */
public sealed interface Outcome {

  /** The job is completed. */
  static Outcome done() {
    return Done.EMPTY;
  }

  /** The job is completed and has a result: anything Jackson can write. */
  static Outcome done(@Nullable Object result) {
    return result == null ? Done.EMPTY : new Done(result);
  }

  /**
   * The attempt failed; the job is retried after its backoff, or discarded if this was its last
   * attempt.
   */
  static Outcome failed(Throwable error) {
    return new Failed(error);
  }

  /** As {@link #failed(Throwable)}, with a message alone. */
  static Outcome failed(String message) {
    return new Failed(new WorkerFailure(requireNonNull(message, "message")));
  }

  /**
   * The job is due again after this time, and the attempt is given back. From zero to 365000 days;
   * by the database's clock.
   */
  static Outcome snooze(Duration time) {
    return new Snooze(time);
  }

  /** The job is cancelled: it ends, and is not an error. */
  static Outcome cancel(String reason) {
    return new Cancel(reason);
  }

  /** The job is discarded: it ends, as after its last failed attempt. */
  static Outcome discard(String reason) {
    return new Discard(reason);
  }

  /**
   * It is done.
   *
   * @param result null if there is none
   */
  record Done(@Nullable Object result) implements Outcome {
    static final Done EMPTY = new Done(null);

    @Override
    public String toString() {
      return "Done";
    }
  }

  /**
   * It failed.
   *
   * @param error why it failed
   */
  record Failed(Throwable error) implements Outcome {
    public Failed {
      requireNonNull(error, "error");
    }
  }

  /**
   * It is to run later.
   *
   * @param time until it is due again
   */
  record Snooze(Duration time) implements Outcome {
    public Snooze {
      if (requireNonNull(time, "time").isNegative()) {
        throw new IllegalArgumentException("snooze must not be negative, but is " + time);
      }
      if (time.compareTo(Duration.ofDays(365_000)) > 0) {
        throw new IllegalArgumentException("snooze must be at most 365000 days, but is " + time);
      }
    }
  }

  /**
   * It is called off.
   *
   * @param reason for whoever reads the job
   */
  record Cancel(String reason) implements Outcome {
    public Cancel {
      requireNonNull(reason, "reason");
    }
  }

  /**
   * It is given up.
   *
   * @param reason for whoever reads the job
   */
  record Discard(String reason) implements Outcome {
    public Discard {
      requireNonNull(reason, "reason");
    }
  }
}
