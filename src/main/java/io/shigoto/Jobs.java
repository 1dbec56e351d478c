package io.shigoto;

import io.shigoto.internal.control.Finder;
import io.shigoto.job.Job;
import reactor.core.publisher.Mono;

/**
 * What can be asked about jobs, from any node and about those of any node. Got by {@link
 * Shigoto#jobs()}.
 *
 * <p>Safe for any number of threads. Errors of the database come as the driver's own.
 */
public final class Jobs {

  private final Finder finder;

  Jobs(Finder finder) {
    this.finder = finder;
  }

  /** Finds a job, live or ended; empty if there is none. */
  public Mono<Job> find(long id) {
    return finder.find(id);
  }
}
