package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ch.qos.logback.classic.Level;
import io.shigoto.broadcast.Message;
import io.shigoto.broadcast.Receiver;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.LogCapture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** The stop of a node that handles messages. */
class BroadcastStopIT {

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();
  private final AtomicInteger begun = new AtomicInteger();
  private final AtomicInteger cancelled = new AtomicInteger();
  private final Sinks.Empty<Void> end = Sinks.empty();
  private final Heard waiting =
      new Heard(
          message -> {
            begun.incrementAndGet();
            return end.asMono().doOnCancel(cancelled::incrementAndGet);
          });

  @Test
  void aReceiverMayFinishWithinTheGraceAndTheNextMessageWaitsForTheNextNode() {
    Shigoto node = start(waiting);
    List<Long> ids = publish(node, 3);
    Await.until(LIMIT, () -> begun.get() == 1);

    CompletableFuture<Void> stop = node.stop(LIMIT).toFuture();
    Await.until(LIMIT, () -> node.health().block(LIMIT).phase() == Health.Phase.STOPPING);
    end.tryEmitEmpty();
    stop.join();

    assertThat(waiting.ids()).containsExactly(ids.get(0));
    assertThat(begun).hasValue(1);
    assertThat(cancelled).hasValue(0);
    assertThatIllegalStateException()
        .isThrownBy(() -> node.broadcasts().publish(Heard.TOPIC, 1).block(LIMIT));
    Heard next = new Heard();
    Shigoto successor = start(next);
    next.awaitsExactly(ids);
    Await.until(LIMIT, () -> successor.health().block(LIMIT).broadcastsWaiting() == 0);
  }

  @Test
  void aReceiverThatOutlastsTheGraceIsCancelledAndItsMessageIsNotHandled() {
    Shigoto node = start(waiting);
    publish(node, 3);
    Await.until(LIMIT, () -> begun.get() == 1);

    Await.until(LIMIT, () -> node.health().block(LIMIT).broadcastsWaiting() == 3);
    try (LogCapture logs = LogCapture.start()) {
      node.stop(Duration.ZERO).block(LIMIT);

      assertThat(logs.lines(Level.WARN))
          .contains("stopped before every message to all nodes was handled messages=3");
      assertThat(logs.everything()).doesNotContain("outcomes not written");
    }
    assertThat(cancelled).hasValue(1);
    assertThat(waiting.ids()).isEmpty();
    assertThat(told.count(Kind.BROADCAST_HANDLED)).isZero();
  }

  @Test
  void aMessageThatWaitsForItsNextAttemptDoesNotDelayTheStop() {
    Heard failing = new Heard(message -> Mono.error(new IllegalStateException()));
    Shigoto node =
        nodes.start(
            Shigoto.builder(db.connectionFactory()).listener(told).receiver(new Patient(failing)));
    node.broadcasts().publish("Patient", 1).block(LIMIT);
    told.await(Kind.BROADCAST_FAILED);

    node.stop(Duration.ofHours(1)).block(LIMIT);

    assertThat(told.count(Kind.BROADCAST_GIVEN_UP)).isZero();
  }

  /** One node after the other is stopped in the middle of it; each looks back for the next. */
  @Test
  void nodesThatAreStoppedAtAnyMomentHandleAllBetweenThem() {
    Shigoto publisher = nodes.build(Shigoto.builder(db.connectionFactory()));
    Set<Long> handled = new HashSet<>();
    List<Long> ids = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      Heard heard = new Heard();
      Shigoto node = start(heard);
      ids.addAll(publish(publisher, 50));
      int some = 5 * i;
      Await.until(LIMIT, () -> heard.ids().size() >= some);
      node.stop(i % 2 == 0 ? Duration.ZERO : LIMIT).block(LIMIT);
      handled.addAll(heard.ids());
      assertThat(heard.ids()).doesNotHaveDuplicates();
    }
    Heard last = new Heard();
    start(last);

    last.awaitsExactly(ids);
    assertThat(ids).containsAll(handled);
  }

  private Shigoto start(Heard heard) {
    return nodes.start(Shigoto.builder(db.connectionFactory()).listener(told).receiver(heard));
  }

  private static List<Long> publish(Shigoto node, int count) {
    return Flux.range(0, count)
        .concatMap(i -> node.broadcasts().publish(Heard.TOPIC, i))
        .collectList()
        .block(LIMIT);
  }

  /** Waits an hour after a failure. */
  record Patient(Heard heard) implements Receiver<Integer> {

    @Override
    public Mono<Void> receive(Message<Integer> message) {
      return heard.receive(message);
    }

    @Override
    public Duration backoff(int attempt, Throwable error) {
      return Duration.ofHours(1);
    }
  }
}
