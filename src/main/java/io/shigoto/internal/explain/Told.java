package io.shigoto.internal.explain;

import io.shigoto.control.NodeReason;
import io.shigoto.control.Reason;
import io.shigoto.internal.known.Hold;
import io.shigoto.internal.known.NodeState;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a node told of what keeps it from claiming a job, which may be nothing.
 *
 * @param holds what keeps it from starting any of the job's worker
 * @param queue the job's queue there; null if it did not tell
 * @param slots for all queues there; null if there is no limit
 * @param at when it told so
 */
record Told(
    List<Hold> holds,
    NodeState.@Nullable Queue queue,
    NodeState.@Nullable Slots slots,
    Instant at) {

  /** From JSON as {@code explain.sql} gives it. */
  static Told of(Map<String, Object> told) {
    return new Told(
        told.get("holds") instanceof List<?> holds
            ? holds.stream().map(hold -> hold((Map<?, ?>) hold)).toList()
            : List.of(),
        told.get("queue") instanceof Map<?, ?> queue ? queue(queue) : null,
        told.get("slots") instanceof Map<?, ?> slots ? slots(slots) : null,
        told.get("told_at") instanceof Number at
            ? Instant.ofEpochMilli(at.longValue())
            : Instant.EPOCH);
  }

  /** What a node knows of itself now. */
  static Told of(NodeState state, String queue, String worker, Instant now) {
    return new Told(
        state.holds().getOrDefault(worker, List.of()),
        state.queues().get(queue),
        state.slots(),
        now);
  }

  private static NodeState.@Nullable Queue queue(Map<?, ?> told) {
    return told.get("slots") instanceof Map<?, ?> slots
        ? new NodeState.Queue(
            slots(slots), (int) number(told, "lowest"), Boolean.TRUE.equals(told.get("full")))
        : null;
  }

  private static NodeState.Slots slots(Map<?, ?> told) {
    return new NodeState.Slots(number(told, "free"), (int) number(told, "all"));
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

  /** What keeps the node from claiming the job. */
  List<Reason> reasons(String node, ExplainedJob job) {
    List<Reason> reasons = new ArrayList<>();
    holds.forEach(hold -> reasons.add(reason(node, job.worker(), hold)));
    if (queue != null && queue.slots().free() <= 0) {
      reasons.add(new NodeReason.SlotsBusy(node, job.queue(), queue.slots().all()));
    }
    if (queue != null && queue.full()) {
      reasons.add(new NodeReason.HoldsTooMuch(node, job.queue()));
    }
    if (slots != null && slots.free() <= 0) {
      reasons.add(new NodeReason.NodeFull(node, slots.all()));
    }
    if (queue != null && queue.lowest() > job.priority()) {
      reasons.add(new NodeReason.Shed(node, job.queue(), queue.lowest()));
    }
    return reasons;
  }

  private Reason reason(String node, String worker, Hold hold) {
    Instant until = at.plusMillis(hold.millis());
    return switch (hold.kind()) {
      case CONCURRENCY -> new NodeReason.ConcurrencyFull(node, worker, hold.number());
      case RATE -> new NodeReason.RateLimited(node, worker, until);
      case CIRCUIT_OPEN -> new NodeReason.CircuitOpen(node, worker, until);
      case CIRCUIT_PROBING -> new NodeReason.CircuitProbing(node, worker, hold.number());
    };
  }
}
