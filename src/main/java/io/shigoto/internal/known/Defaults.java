package io.shigoto.internal.known;

import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Unique;
import java.util.Set;

/**
 * What holds for a job that says nothing else: what its worker says, asked of it once, or else what
 * the library says.
 */
public record Defaults(
    String queue, int priority, int maxAttempts, Set<String> tags, Unique unique) {

  /** Of jobs whose worker this node does not know. */
  public static final Defaults LIBRARY =
      new Defaults(
          ReactiveWorker.DEFAULT_QUEUE,
          ReactiveWorker.DEFAULT_PRIORITY,
          ReactiveWorker.DEFAULT_MAX_ATTEMPTS,
          Set.of(),
          Unique.none());

  /** Refuses what would be refused of a job. */
  static Defaults of(ReactiveWorker<?> worker, Asked asked) {
    return new Defaults(
        asked.name("queue", worker.queue()),
        asked.require(
            "priority",
            "from -32768 to 32767",
            worker.priority(),
            priority -> priority == priority.shortValue()),
        asked.atLeastOne("maxAttempts", worker.maxAttempts()),
        asked.names("tags", worker.tags()),
        asked.require("unique", "given", worker.unique(), unique -> true));
  }
}
