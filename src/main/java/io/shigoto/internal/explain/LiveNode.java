package io.shigoto.internal.explain;

import io.shigoto.control.Reason;
import io.shigoto.internal.job.Hold;
import io.shigoto.internal.job.NodeState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A live node, as a job's explanation sees it.
 *
 * @param serves the job's queue
 * @param knows the job's worker
 * @param slots of the queue there; null if it did not tell
 * @param holds what keeps it from starting any of the worker's
 * @param toldAt when it told so
 */
record LiveNode(
    UUID id,
    String name,
    boolean serves,
    boolean knows,
    NodeState.@Nullable Slots slots,
    List<Hold> holds,
    Instant toldAt) {

  /** From JSON as {@code explain.sql} gives it. */
  static LiveNode of(Map<String, Object> told) {
    return new LiveNode(
        UUID.fromString(String.valueOf(told.get("id"))),
        String.valueOf(told.get("name")),
        Boolean.TRUE.equals(told.get("serves")),
        Boolean.TRUE.equals(told.get("knows")),
        told.get("slots") instanceof Map<?, ?> slots
            ? new NodeState.Slots(number(slots, "free"), (int) number(slots, "all"))
            : null,
        told.get("holds") instanceof List<?> holds
            ? holds.stream().map(hold -> hold((Map<?, ?>) hold)).toList()
            : List.of(),
        told.get("told_at") instanceof Number at
            ? Instant.ofEpochMilli(at.longValue())
            : Instant.EPOCH);
  }

  private static Hold hold(Map<?, ?> told) {
    return new Hold(
        Hold.Kind.valueOf(String.valueOf(told.get("kind"))),
        (int) number(told, "number"),
        number(told, "millis"));
  }

  private static long number(Map<?, ?> told, String key) {
    return told.get(key) instanceof Number number ? number.longValue() : 0;
  }

  /** The same with what this node knows of itself. */
  LiveNode now(NodeState state, String queue, String worker, Instant now) {
    return new LiveNode(
        id,
        name,
        serves,
        knows,
        state.slots().get(queue),
        state.holds().getOrDefault(worker, List.of()),
        now);
  }

  /** Whether it could claim the job if nothing held it back. */
  boolean isCandidate() {
    return serves && knows;
  }

  /** Whether it starts the next job of the queue and worker. */
  boolean isFree() {
    return holds.isEmpty() && (slots == null || slots.free() > 0);
  }

  /** What keeps it. */
  List<Reason> reasons(String queue, String worker) {
    List<Reason> reasons = new ArrayList<>();
    for (Hold hold : holds) {
      Instant until = toldAt.plusMillis(hold.millis());
      reasons.add(
          switch (hold.kind()) {
            case CONCURRENCY -> new Reason.ConcurrencyFull(name, worker, hold.number());
            case RATE -> new Reason.RateLimited(name, worker, until);
            case CIRCUIT_OPEN -> new Reason.CircuitOpen(name, worker, until);
            case CIRCUIT_PROBING -> new Reason.CircuitProbing(name, worker, hold.number());
          });
    }
    if (slots != null && slots.free() <= 0) {
      reasons.add(new Reason.SlotsBusy(name, queue, slots.all()));
    }
    return reasons;
  }
}
