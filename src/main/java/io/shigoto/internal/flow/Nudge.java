package io.shigoto.internal.flow;

import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/**
 * A signal without content: "look again". Any thread may give it at any moment and as often as it
 * likes; what is given while the last look is still under way becomes one more look.
 */
public final class Nudge {

  private final Sinks.Many<Boolean> sink = Sinks.unsafe().many().multicast().directBestEffort();
  private final AtomicInteger given = new AtomicInteger();

  /** Asks for one more look. */
  public void give() {
    if (given.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      sink.tryEmitNext(Boolean.TRUE);
      seen = given.addAndGet(-seen);
    } while (seen != 0);
  }

  /**
   * One element for the subscription itself and one for each nudge, coalesced: at most one waits
   * for demand. Use with {@code concatMap(look, 0)} for work that runs one at a time.
   */
  public Flux<Boolean> looks() {
    // The nudges are subscribed to first: one that is given during the first look is not lost.
    return Flux.merge(sink.asFlux(), Flux.just(Boolean.TRUE)).onBackpressureLatest();
  }
}
