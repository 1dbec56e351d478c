package io.shigoto.internal.enqueue;

import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import java.util.Collection;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a job belongs to.
 *
 * @param batch that counts it, or null
 * @param parents that it waits for
 * @param ifNotCompleted what becomes of it if one of them does not complete
 */
record Ties(@Nullable Long batch, SortedSet<Long> parents, IfNotCompleted ifNotCompleted) {

  static Ties of(NewJob.Options given) {
    return new Ties(given.batch(), given.dependsOn(), given.ifNotCompleted());
  }

  boolean isNone() {
    return batch == null && parents.isEmpty();
  }

  Ties inBatch(long id) {
    return new Ties(id, parents, ifNotCompleted);
  }

  Ties after(Collection<Long> ids) {
    SortedSet<Long> all = new TreeSet<>(parents);
    all.addAll(ids);
    return new Ties(batch, all, ifNotCompleted);
  }

  /** As an array literal; null if there are none. */
  @Nullable String dependsOn() {
    return parents.isEmpty()
        ? null
        : parents.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
  }

  /** As the state that it ends in; null if it runs. */
  @Nullable String ending() {
    return switch (ifNotCompleted) {
      case RUN -> null;
      case CANCEL -> JobState.CANCELLED.sqlName();
      case DISCARD -> JobState.DISCARDED.sqlName();
    };
  }

  /** Roughly how many bytes it takes in a statement. */
  int weight() {
    return parents.size() * Long.BYTES;
  }
}
