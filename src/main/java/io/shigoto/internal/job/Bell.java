package io.shigoto.internal.job;

import java.util.Collection;

/** Told of jobs that were just committed, so that those who wait for them look. */
public interface Bell {

  /**
   * Tells of them.
   *
   * @param queues where jobs are available now
   * @param dueIn in how many ms the soonest of the others is due; negative if there are none
   */
  void ring(Collection<String> queues, long dueIn);
}
