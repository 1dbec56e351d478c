package io.shigoto.broadcast;

import java.time.Instant;
import reactor.core.publisher.Mono;

/**
 * A message as one node hands it to its receiver. Its text form leaves out the payload.
 *
 * @param <A> the type of its payload
 * @param id the same on every node
 * @param attempt which attempt of this node it is, from 1
 * @param publishedAt when it was published, by the database's clock; that may be before the commit
 */
public record Message<A>(long id, String topic, A payload, int attempt, Instant publishedAt) {

  /**
   * The message that is being handled, from the Reactor Context; an error outside of a receiver.
   */
  public static Mono<Message<?>> current() {
    return Mono.deferContextual(
        context ->
            context
                .<Message<?>>getOrEmpty(Message.class)
                .<Mono<Message<?>>>map(Mono::just)
                .orElseGet(
                    () ->
                        Mono.error(
                            new IllegalStateException("not inside the receiver of a message"))));
  }

  @Override
  public String toString() {
    return "Message[id=%d, topic=%s, attempt=%d]".formatted(id, topic, attempt);
  }
}
