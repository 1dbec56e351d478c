package io.shigoto.internal.limit;

import io.shigoto.worker.Outcome;
import reactor.core.publisher.Mono;

/** What one claimed job has of its worker's limits, from its claim to the end of its run. */
public interface Permit {

  /** Of a worker without limits. */
  Permit FREE = new Permit() {};

  /** The same work, begun as soon as it may start. Cancel: gives up the turn. */
  default <T> Mono<T> inTurn(Mono<T> work) {
    return work;
  }

  /**
   * The worker is about to be called. False if it must not be: the run is over already, and what it
   * had taken of the limits may be in use by another; or it is too late for what it had.
   */
  default boolean start() {
    return true;
  }

  /** How its run ended is known. */
  default void ended(Outcome outcome) {}

  /** The run is over; how it ended is told later, before {@link #close()}. */
  default void free() {}

  /** The run is over, or never began. More than once is once. */
  default void close() {}
}
