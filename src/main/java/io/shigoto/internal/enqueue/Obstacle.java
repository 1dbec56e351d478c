package io.shigoto.internal.enqueue;

import org.jspecify.annotations.Nullable;

/**
 * What keeps a job waiting, and how it meets that. Two jobs that have all of it in common are
 * through together, or neither is.
 *
 * @param key that an unfinished transaction takes or gives back
 * @param states in which the job would hold it
 * @param changes whether it would change the one that it meets
 * @param batch that an unfinished transaction seals
 */
record Obstacle(
    @Nullable String key, @Nullable String states, boolean changes, @Nullable Long batch) {

  static Obstacle of(JobRow row) {
    UniqueRow unique = row.unique();
    Long batch = row.ties().batch();
    return unique == null
        ? new Obstacle(null, null, false, batch)
        : new Obstacle(
            unique.key(),
            unique.states(),
            unique.replaces() != null || unique.debounce() != null,
            batch);
  }

  /** One that has to wait anyway may come first into a state in which it does not want the key. */
  boolean mayLetPass(JobRow row) {
    return states != null
        && (row.dueAt() != null || row.dueIn() != null || !row.ties().parents().isEmpty());
  }
}
