package io.shigoto;

import static java.util.Objects.requireNonNull;

import io.r2dbc.spi.Connection;
import io.shigoto.internal.broadcast.Publications;
import io.shigoto.internal.thread.Answering;
import reactor.core.publisher.Mono;

/**
 * Messages that every node handles which has a {@linkplain ShigotoBuilder#receiver receiver} of
 * their topic. Got by {@link Shigoto#broadcasts()}.
 *
 * <p>A node is told of each message that is committed while it lives, at least once, and exactly
 * once while nothing fails; how long it lives does not depend on its lease. One that starts, or
 * starts again, looks back as far as its {@linkplain ShigotoBuilder#broadcastWindow window}.
 *
 * <p>Thread: answers come on threads of the node's own, which must not be blocked. Safe for any
 * number of threads. Errors of the database come as the driver's own.
 */
public final class Broadcasts {

  private final Publications publications;
  private final Answering answering;

  Broadcasts(Publications publications, Answering answering) {
    this.publications = publications;
    this.answering = answering;
  }

  /**
   * Publishes a message when subscribed; emits its id when it is committed. Works before start()
   * too, and on nodes without receivers. In a transaction of Spring's it joins that. Cancel: it may
   * be published all the same.
   *
   * @param topic 1 to 255 characters
   * @param payload anything Jackson can write
   * @throws IllegalArgumentException at the call, if it cannot be published
   */
  public Mono<Long> publish(String topic, Object payload) {
    return answering.of(publications.publish(topic, payload));
  }

  /**
   * Publishes a message in the caller's transaction, when subscribed: the nodes are told if and
   * when that commits. Emits its id.
   *
   * @throws IllegalArgumentException at the call, if it cannot be published
   */
  public Mono<Long> publish(String topic, Object payload, Connection connection) {
    return answering.of(
        publications.publish(topic, payload, requireNonNull(connection, "connection")));
  }
}
