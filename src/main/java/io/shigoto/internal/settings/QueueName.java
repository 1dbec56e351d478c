package io.shigoto.internal.settings;

import io.shigoto.job.Name;
import io.shigoto.worker.Given;

/** What may be said of a queue. */
public final class QueueName {

  private QueueName() {}

  /** Refuses what is no name, or what PostgreSQL cannot hold as it is. */
  public static void require(String queue) {
    Name.require("queue", queue);
  }

  /** Refuses what is no name or no number of runs. */
  public static void requireConcurrency(String queue, int concurrency) {
    require(queue);
    Given.atLeast("concurrency of queue '%s'".formatted(queue), concurrency, 1);
  }
}
