package io.shigoto.broadcast;

import io.shigoto.worker.Worker;
import java.lang.reflect.Type;
import java.util.Objects;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** A receiver from a function, which says what its payloads are. */
record ReceiverOfFunction<A>(String topic, Type argsType, Function<Message<A>, Mono<Void>> function)
    implements Receiver<A>, Worker.Typed {

  ReceiverOfFunction {
    Objects.requireNonNull(topic, "topic");
    Objects.requireNonNull(argsType, "payloadType");
    Objects.requireNonNull(function, "receive");
  }

  @Override
  public Mono<Void> receive(Message<A> message) {
    return function.apply(message);
  }
}
