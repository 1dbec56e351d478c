package io.shigoto.internal.upkeep;

import java.time.Duration;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Something small that every node does now and then. Any number of nodes may do it at the same
 * time.
 */
public interface Chore {

  /** As it is called in logs. */
  String name();

  /** How often. */
  Duration period();

  /** Reasons to do it before its time. */
  default Flux<?> reasons() {
    return Flux.never();
  }

  /** Does it once; emits how much there was to do. */
  Mono<Long> once();
}
