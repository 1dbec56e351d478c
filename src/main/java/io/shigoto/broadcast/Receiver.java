package io.shigoto.broadcast;

import io.shigoto.worker.Backoff;
import io.shigoto.worker.ReactiveWorker;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/**
 * What a node does with the messages of one topic. Register one instance with each node that is to
 * be told.
 *
 * @param <A> the type of the payloads: anything Jackson can read
 */
@FunctionalInterface
public interface Receiver<A> {

  /** The default of {@link #concurrency}. */
  int DEFAULT_CONCURRENCY = 1;

  /**
   * Handles a message when subscribed; it is handled when this completes. Delivery is at least
   * once: a process that starts again is told again of what is recent.
   *
   * <p>Errors: an error signal or a throw is a failed attempt; this node alone tries again after
   * {@link #backoff}, and goes on with other messages meanwhile. Cancel: on a timeout, and when the
   * grace of a stop is over. Thread: called on the scheduler for workers, never on a connection's
   * event loop. Context: has the {@link Message}.
   */
  Mono<Void> receive(Message<A> message);

  /** What it is told of: 1 to 255 characters. Default: the simple class name. */
  default String topic() {
    return getClass().getSimpleName();
  }

  /**
   * How many attempts this node makes at a message; then it gives the message up. Asked once, when
   * the node is built. Default: {@value ReactiveWorker#DEFAULT_MAX_ATTEMPTS}.
   */
  default int maxAttempts() {
    return ReactiveWorker.DEFAULT_MAX_ATTEMPTS;
  }

  /**
   * How long an attempt may take; then it is cancelled and has failed. Asked once, when the node is
   * built. Default: 5 minutes.
   */
  default Duration timeout() {
    return ReactiveWorker.DEFAULT_TIMEOUT;
  }

  /**
   * How many messages it handles at the same time on this node, from 1. Asked once, when the node
   * is built. Default: {@value #DEFAULT_CONCURRENCY}, one after the other as the node learned of
   * them.
   */
  default int concurrency() {
    return DEFAULT_CONCURRENCY;
  }

  /**
   * How long a message waits for its next attempt. An exception here falls back to the default,
   * that of workers.
   *
   * @param attempt the attempt that failed, from 1
   * @param error why
   */
  default Duration backoff(int attempt, Throwable error) {
    return Backoff.standard(attempt);
  }

  /**
   * A receiver with all defaults.
   *
   * @param payloadType what payloads are read as
   * @param receive see {@link #receive}
   */
  static <A> Receiver<A> of(
      String topic, Class<A> payloadType, Function<Message<A>, Mono<Void>> receive) {
    return new ReceiverOfFunction<>(topic, payloadType, receive);
  }

  /**
   * A receiver whose payloads have a generic type, such as {@code new TypeReference<List<Order>>()
   * {}.getType()}.
   */
  static <A> Receiver<A> of(
      String topic, Type payloadType, Function<Message<A>, Mono<Void>> receive) {
    return new ReceiverOfFunction<>(topic, payloadType, receive);
  }
}
