package io.shigoto.internal.explain;

import io.shigoto.control.Reason;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A live node, as a job's explanation sees it.
 *
 * @param serves the job's queue
 * @param knows the job's worker
 * @param stops would do both, but claims no more
 */
record LiveNode(UUID id, String name, boolean serves, boolean knows, boolean stops, Told told) {

  /** From JSON as {@code explain.sql} gives it. */
  static LiveNode of(Map<String, Object> told) {
    return new LiveNode(
        UUID.fromString(String.valueOf(told.get("id"))),
        String.valueOf(told.get("name")),
        Boolean.TRUE.equals(told.get("serves")),
        Boolean.TRUE.equals(told.get("knows")),
        Boolean.TRUE.equals(told.get("stops")),
        Told.of(told));
  }

  /** The same with what this node knows of itself. */
  LiveNode with(Told now) {
    return new LiveNode(id, name, serves, knows, stops, now);
  }

  /** Whether it could claim the job if nothing held it back. */
  boolean isCandidate() {
    return serves && knows;
  }

  /** What keeps it from claiming the job; nothing if it does so next. */
  List<Reason> reasons(ExplainedJob job) {
    return told.reasons(name, job);
  }
}
