package io.shigoto.job;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/** Where a job is in its life, and where it may go from there. */
public enum JobState {
  /** Waits for other jobs to end. */
  WAITING,
  /** Due later. */
  SCHEDULED,
  /** May be claimed now. */
  AVAILABLE,
  /** Claimed by a node. */
  EXECUTING,
  /** Failed, and due again after its backoff. */
  RETRYABLE,
  /** Ended well. */
  COMPLETED,
  /** Ended after its last attempt failed, or because its worker gave it up. */
  DISCARDED,
  /** Ended because somebody, or its worker, called it off. */
  CANCELLED;

  /** The states that a job in this state may move to next. */
  public Set<JobState> next() {
    return switch (this) {
      case WAITING -> EnumSet.of(AVAILABLE, SCHEDULED, DISCARDED, CANCELLED);
      case SCHEDULED, RETRYABLE -> EnumSet.of(AVAILABLE, CANCELLED);
      case AVAILABLE -> EnumSet.of(EXECUTING, CANCELLED);
      case EXECUTING ->
          EnumSet.of(COMPLETED, RETRYABLE, DISCARDED, SCHEDULED, AVAILABLE, CANCELLED);
      case DISCARDED, CANCELLED -> EnumSet.of(AVAILABLE);
      case COMPLETED -> EnumSet.noneOf(JobState.class);
    };
  }

  /** Whether the job has ended. A person may still retry what was discarded or cancelled. */
  public boolean isTerminal() {
    return this == COMPLETED || this == DISCARDED || this == CANCELLED;
  }

  /** The name that the database has for it. */
  public String sqlName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The state that the database calls so. */
  public static JobState ofSqlName(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }
}
