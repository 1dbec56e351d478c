package io.shigoto.internal.node;

import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** The end of an incarnation: from its beginning on no more is claimed. */
final class Draining {

  private final Sinks.Empty<Void> begun = Sinks.empty();
  private volatile boolean hasBegun;

  void begin() {
    hasBegun = true;
    begun.tryEmitEmpty();
  }

  boolean hasBegun() {
    return hasBegun;
  }

  /** Completes when it begins. */
  Mono<Void> begun() {
    return begun.asMono();
  }
}
