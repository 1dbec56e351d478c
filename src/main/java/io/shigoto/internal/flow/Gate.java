package io.shigoto.internal.flow;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Lets work in until the node stops, and tells when all that was let in has ended.
 *
 * <p>The protocol: one number counts those inside, and its sign says whether the gate is closed. So
 * nobody slips in between the close and the last look, and whoever leaves last tells.
 */
public final class Gate {

  /** Longer than anybody waits; timers count nanoseconds, and would overflow soon after. */
  private static final Duration LONGEST_GRACE = Duration.ofDays(36_500);

  private static final int CLOSED = Integer.MIN_VALUE;

  private final AtomicInteger inside = new AtomicInteger();
  private final Sinks.Empty<Void> empty = Sinks.empty();

  /** Whether one more is let in; whoever is has to {@link #leave}. */
  public boolean enter() {
    if (inside.getAndIncrement() >= 0) {
      return true;
    }
    leave(1);
    return false;
  }

  /** So many are done. */
  public void leave(int size) {
    if (inside.addAndGet(-size) == CLOSED) {
      empty.tryEmitEmpty();
    }
  }

  /** How many are inside. */
  public int inside() {
    return inside.get() & Integer.MAX_VALUE;
  }

  /** Whether nobody is let in any more. */
  public boolean isClosed() {
    return inside.get() < 0;
  }

  /** The same work; it is inside from its subscription to its end, or refused. */
  public <T> Mono<T> pass(Mono<T> work) {
    return Mono.defer(() -> enter() ? work.doFinally(end -> leave(1)) : Mono.error(Gate::refusal));
  }

  /** As long as was said, or for ever: a timer cannot be set to more. */
  public static Duration bounded(Duration grace) {
    return grace.compareTo(LONGEST_GRACE) > 0 ? LONGEST_GRACE : grace;
  }

  /** What those hear who come too late. */
  public static IllegalStateException refusal() {
    return new IllegalStateException("the node was stopped; build another");
  }

  /** Lets nobody in from its subscription on; completes when all have left. */
  public Mono<Void> close() {
    return Mono.defer(
        () -> {
          if (inside.getAndUpdate(size -> size | CLOSED) == 0) {
            empty.tryEmitEmpty();
          }
          return empty.asMono();
        });
  }
}
