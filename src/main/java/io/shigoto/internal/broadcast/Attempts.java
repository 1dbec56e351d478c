package io.shigoto.internal.broadcast;

import io.shigoto.broadcast.Message;
import io.shigoto.broadcast.Receiver;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.Failure;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.run.ChosenBackoff;
import io.shigoto.internal.run.Guarded;
import io.shigoto.internal.thread.Crew;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** One attempt at a message: calls the receiver, as guarded as workers are, and tells of it. */
final class Attempts {

  private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);

  private final Json json;
  private final Events events;
  private final Scheduler scheduler;
  private final Crew aside;
  private final LongSupplier nanos;

  /**
   * @param scheduler where receivers are called
   * @param aside where they are cancelled, and asked about attempts that failed
   * @param nanos a clock for elapsed time
   */
  Attempts(Json json, Events events, Scheduler scheduler, Crew aside, LongSupplier nanos) {
    this.json = json;
    this.events = events;
    this.scheduler = scheduler;
    this.aside = aside;
    this.nanos = nanos;
  }

  /** Makes it when subscribed; emits what is to become of the message. Never fails. */
  Mono<Verdict> at(Letter letter, Topic topic) {
    if (letter.payload() == null) {
      return Mono.fromSupplier(() -> outOfRetention(letter, topic));
    }
    return Mono.defer(
        () -> {
          long start = nanos.getAsLong();
          return Guarded.call(() -> receive(letter, topic), topic.timeout(), scheduler, aside)
              .then(Mono.fromSupplier(() -> handled(letter, topic, since(start))))
              .onErrorResume(error -> failed(letter, topic, error, since(start)));
        });
  }

  private Mono<Void> receive(Letter letter, Topic topic) {
    @SuppressWarnings("unchecked") // payloads are read as what this receiver takes
    Receiver<Object> receiver = (Receiver<Object>) topic.receiver();
    Message<Object> message =
        new Message<>(
            letter.id(),
            topic.name(),
            json.readPayload(letter.content(), topic.payloads()),
            letter.attempt(),
            letter.time());
    return receiver.receive(message).contextWrite(outer -> outer.put(Message.class, message));
  }

  private Duration since(long start) {
    return Duration.ofNanos(nanos.getAsLong() - start);
  }

  private Verdict handled(Letter letter, Topic topic, Duration took) {
    tell(JobEvent.Kind.BROADCAST_HANDLED, letter, topic, took, "");
    return Verdict.OVER;
  }

  private Mono<Verdict> failed(Letter letter, Topic topic, Throwable failure, Duration took) {
    return Mono.fromSupplier(() -> again(letter, topic, failure, took)).subscribeOn(aside);
  }

  /** Not the message of the error: it is the receiver's, and may quote the payload. */
  private Verdict again(Letter letter, Topic topic, Throwable failure, Duration took) {
    Throwable error = Guarded.thrown(failure);
    String type = " " + error.getClass().getSimpleName();
    if (letter.attempt() >= topic.maxAttempts()) {
      LOG.atError()
          .addKeyValue("topic", topic.name())
          .addKeyValue("id", letter.id())
          .addKeyValue("attempts", letter.attempt())
          .addKeyValue("error", error.getClass().getName())
          .addKeyValue("at", Failure.place(error))
          .log("gave up a message to all nodes");
      tell(JobEvent.Kind.BROADCAST_GIVEN_UP, letter, topic, took, type);
      return Verdict.OVER;
    }
    tell(JobEvent.Kind.BROADCAST_FAILED, letter, topic, took, type);
    return new Verdict.Again(
        ChosenBackoff.of(
            topic.name(),
            letter.attempt(),
            () -> topic.receiver().backoff(letter.attempt(), error)));
  }

  private Verdict outOfRetention(Letter letter, Topic topic) {
    LOG.atError()
        .addKeyValue("topic", topic.name())
        .addKeyValue("id", letter.id())
        .log("a message to all nodes was out of retention before its turn came");
    events.ofBroadcast(
        JobEvent.Kind.BROADCAST_GIVEN_UP, topic.name(), null, null, "" + letter.id());
    return Verdict.OVER;
  }

  private void tell(
      JobEvent.Kind kind, Letter letter, Topic topic, Duration took, String errorType) {
    events.ofBroadcast(kind, topic.name(), letter.attempt(), took, letter.id() + errorType);
  }
}
