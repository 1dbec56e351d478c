package io.shigoto.internal.enqueue;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A job as it will be inserted: checked, with all defaults filled in, args and meta and tags as
 * JSON.
 */
record JobRow(
    String queue,
    String worker,
    String args,
    int priority,
    int maxAttempts,
    @Nullable Instant dueAt,
    @Nullable Long dueIn,
    @Nullable String meta,
    @Nullable String tags,
    @Nullable String partitionKey) {

  /** Roughly how many bytes it takes in a statement. */
  int weight() {
    return args.length() + (meta == null ? 0 : meta.length()) + (tags == null ? 0 : tags.length());
  }
}
