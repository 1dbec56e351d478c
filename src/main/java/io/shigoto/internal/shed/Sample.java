package io.shigoto.internal.shed;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What one claim tells. Times are nanoseconds.
 *
 * @param priorities of the jobs that it brought
 * @param best the best of those whose wait says something, or null
 * @param took how long it took
 */
record Sample(Set<Integer> priorities, @Nullable Best best, long took) {

  /**
   * @param full whether it brought all that it asked for: otherwise there is no queue
   */
  static Sample of(Collection<Waited> jobs, boolean full, long took) {
    Best best = null;
    Set<Integer> priorities = new TreeSet<>();
    for (Waited job : jobs) {
      priorities.add(job.priority);
      if (!job.limited) {
        best = Best.of(best, new Best(job.priority, full ? job.waited : 0));
      }
    }
    return new Sample(priorities, best, took);
  }

  /** The claim brought nothing. */
  static Sample empty(long took) {
    return of(List.of(), false, took);
  }

  /**
   * A job that was claimed.
   *
   * @param waited from when it was due
   * @param limited whether it may have waited because of a limit of its worker
   */
  record Waited(int priority, long waited, boolean limited) {}

  /** The least wait of the highest priority. */
  record Best(int priority, long waited) {

    static Best of(@Nullable Best one, Best other) {
      if (one == null || other.priority > one.priority) {
        return other;
      }
      return other.priority == one.priority && other.waited < one.waited ? other : one;
    }
  }
}
