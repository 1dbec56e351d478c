package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.broadcast.Message;
import io.shigoto.broadcast.Receiver;
import io.shigoto.support.Await;
import io.shigoto.worker.Worker;
import java.lang.reflect.Type;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/**
 * A receiver of one node that keeps what it has handled. It follows a script first, and failed
 * messages come back soon.
 */
final class Heard implements Receiver<Integer>, Worker.Typed {

  static final String TOPIC = "news";

  private final Queue<Message<Integer>> handled = new ConcurrentLinkedQueue<>();
  private final Function<Message<Integer>, Mono<Void>> script;

  Heard() {
    this(message -> Mono.empty());
  }

  Heard(Function<Message<Integer>, Mono<Void>> script) {
    this.script = script;
  }

  @Override
  public Mono<Void> receive(Message<Integer> message) {
    return script.apply(message).then(Mono.fromRunnable(() -> handled.add(message)));
  }

  @Override
  public String topic() {
    return TOPIC;
  }

  @Override
  public Type argsType() {
    return Integer.class;
  }

  @Override
  public Duration backoff(int attempt, Throwable error) {
    return Duration.ofMillis(20);
  }

  List<Long> ids() {
    return handled.stream().map(Message::id).toList();
  }

  List<Integer> payloads() {
    return handled.stream().map(Message::payload).toList();
  }

  List<Message<Integer>> messages() {
    return List.copyOf(handled);
  }

  /** Returns when all of these are handled. */
  void awaits(List<Long> ids) {
    Await.until(
        "%d messages are handled".formatted(ids.size()), Nodes.LIMIT, () -> ids().containsAll(ids));
  }

  void awaits(long id) {
    awaits(List.of(id));
  }

  /** Returns when all of these are handled; no other, and none twice. */
  void awaitsExactly(List<Long> ids) {
    awaits(ids);
    assertThat(ids()).containsExactlyInAnyOrderElementsOf(ids);
  }
}
