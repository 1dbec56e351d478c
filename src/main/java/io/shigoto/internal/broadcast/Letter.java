package io.shigoto.internal.broadcast;

import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A message of which this node knows, on its way to the receiver.
 *
 * @param attempt the one that is due, from 1
 * @param payload JSON; null as long as it was not read, for only what is about to be handled is in
 *     memory
 */
record Letter(long id, int attempt, @Nullable String payload, @Nullable Instant publishedAt) {

  /** The first attempt at a message. */
  static Letter first(long id) {
    return new Letter(id, 1, null, null);
  }

  /** The next attempt at it; it is read anew. */
  Letter again() {
    return new Letter(id, attempt + 1, null, null);
  }

  /** The same with what stands in it. */
  Letter read(String json, Instant time) {
    return new Letter(id, attempt, json, time);
  }

  /** JSON; only asked for once it was read. */
  String content() {
    return Objects.requireNonNull(payload);
  }

  /** By the database's clock; only asked for once it was read. */
  Instant time() {
    return Objects.requireNonNull(publishedAt);
  }

  @Override
  public String toString() {
    return "Letter[id=%d, attempt=%d]".formatted(id, attempt);
  }
}
