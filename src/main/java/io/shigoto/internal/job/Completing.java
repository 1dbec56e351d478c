package io.shigoto.internal.job;

import io.r2dbc.spi.Connection;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Writes that a run is completed, in a transaction of its worker's. */
@FunctionalInterface
public interface Completing {

  /**
   * Writes it when subscribed; it holds if and when that transaction commits.
   *
   * @param result what the job gives back, or null
   * @throws IllegalArgumentException at the call, if the result cannot be written
   */
  Mono<Void> complete(RunKey run, Connection connection, @Nullable Object result);
}
