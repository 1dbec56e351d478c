package io.shigoto.internal.node;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Gate;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.run.Guarded;
import io.shigoto.internal.settings.Settings;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The life of a node: new, starting, running (one incarnation after the other), stopping, stopped.
 */
public final class Node {

  private static final Logger LOG = LoggerFactory.getLogger(Node.class);
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);
  private static final Duration FOR_EVER = Duration.ofMillis(Long.MAX_VALUE);

  private final UUID seed = UUID.randomUUID();
  private final AtomicInteger incarnations = new AtomicInteger();
  private final Settings settings;
  private final Engine engine;
  private final Calls calls;
  private final Checkup checkup;
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.NEW);
  private final Mono<Boolean> starting;
  private final Sinks.Empty<Void> stopping = Sinks.empty();
  private final Sinks.Empty<Void> ended = Sinks.empty();
  private final Sinks.Empty<Void> closed = Sinks.empty();
  private volatile @Nullable Incarnation current;
  private volatile Duration pause = FIRST_PAUSE;

  public Node(Settings settings) {
    this.settings = settings;
    this.engine = new Engine(settings);
    this.calls = Calls.of(settings, engine);
    this.checkup = new Checkup(engine, settings.store().listens());
    this.starting =
        Mono.defer(this::begin)
            .cache(started -> FOR_EVER, failed -> Duration.ZERO, () -> Duration.ZERO, engine.timer);
  }

  /** What is called on it, which answers for itself. */
  public Calls calls() {
    return calls;
  }

  /** What happens on it, told on a thread of the subscriber's own. */
  public Flux<JobEvent> events(int buffer) {
    return engine.events.stream(buffer, engine.threads.listening);
  }

  /** Completes when it runs. */
  public Mono<Void> start() {
    return Mono.defer(
        () ->
            phase() == Phase.STOPPING || phase() == Phase.STOPPED
                ? Mono.error(Gate::refusal)
                : starting.then());
  }

  /** Completes when it has stopped. */
  public Mono<Void> stop(Duration grace) {
    return Mono.defer(
        () -> {
          Phase before = phase.getAndUpdate(now -> now == Phase.STOPPED ? now : Phase.STOPPING);
          if (before == Phase.NEW) {
            ended.tryEmitEmpty();
          }
          if (before != Phase.STOPPING && before != Phase.STOPPED) {
            stopping.tryEmitEmpty();
            Detached.start(end(grace));
          }
          return closed.asMono();
        });
  }

  /** Never fails. */
  public Mono<Vitals> vitals() {
    return checkup.of(() -> new Checkup.Now(phase(), current));
  }

  /**
   * The first incarnation has to succeed; then the node lives on by itself. After a failure it can
   * be started again.
   */
  private Mono<Boolean> begin() {
    phase.compareAndSet(Phase.NEW, Phase.STARTING);
    Incarnation first = new Incarnation(nextId(), settings, engine);
    return engine
        .prepare()
        .then(engine.reception.open())
        .then(first.join())
        .doOnError(this::failedToStart)
        .doOnSuccess(joined -> Detached.start(life(first)))
        .thenReturn(true);
  }

  private void failedToStart(Throwable error) {
    LOG.atDebug().addKeyValue("error", error::toString).log("did not start");
    if (!phase.compareAndSet(Phase.STARTING, Phase.NEW)) {
      ended.tryEmitEmpty();
    }
  }

  /**
   * One incarnation after the other, until the stop, and meanwhile what is told of discarded jobs,
   * and messages to all nodes. Those after the first are tried until they succeed.
   */
  private Mono<Void> life(Incarnation first) {
    Mono<Void> lives =
        lived(first)
            .then(Mono.defer(this::again).repeat(this::isRunning).then())
            .doFinally(end -> engine.discards.close());
    KeepGoing beside = new KeepGoing("node", engine.timer);
    return Mono.when(
            beside.until(engine.discards.calls()), beside.until(engine.reception.flow()), lives)
        .takeUntilOther(ended.asMono())
        .doFinally(end -> ended.tryEmitEmpty())
        .contextWrite(Guarded::quietly);
  }

  private Mono<Void> again() {
    if (!isRunning()) {
      return Mono.empty();
    }
    Incarnation next = new Incarnation(nextId(), settings, engine);
    return pause()
        .then(engine.heartbeat.until(next.join().thenReturn(next), this::isRunning))
        .flatMap(this::lived);
  }

  /** What broke may break again at once; each time it waits longer, and never when it stops. */
  private Mono<Void> pause() {
    Incarnation last = current;
    if (last == null || !last.isBroken()) {
      pause = FIRST_PAUSE;
      return Mono.empty();
    }
    Duration now = pause;
    pause = now.compareTo(LONGEST_PAUSE) < 0 ? now.multipliedBy(2) : now;
    return Mono.delay(now, engine.timer).then().takeUntilOther(stopping.asMono());
  }

  private Mono<Void> lived(Incarnation incarnation) {
    return Mono.defer(
        () -> {
          current = incarnation;
          phase.compareAndSet(Phase.STARTING, Phase.RUNNING);
          if (!isRunning()) {
            incarnation.drain();
          }
          return incarnation
              .work()
              .onErrorResume(error -> Mono.fromRunnable(() -> incarnation.broke(error)));
        });
  }

  private Phase phase() {
    return Objects.requireNonNull(phase.get());
  }

  private boolean isRunning() {
    return phase() == Phase.RUNNING;
  }

  /** Random numbers are drawn once, when the node is built: drawing them blocks. */
  private UUID nextId() {
    return new UUID(
        seed.getMostSignificantBits(),
        seed.getLeastSignificantBits() + incarnations.getAndIncrement());
  }

  private Mono<Void> end(Duration grace) {
    Incarnation last = current;
    if (last != null) {
      last.drain();
    }
    engine.reception.drain();
    return ended
        .asMono()
        .timeout(Gate.bounded(grace), Mono.defer(this::cut), engine.timer)
        .then(Mono.defer(() -> engine.close(calls.close())))
        .doFinally(
            end -> {
              phase.set(Phase.STOPPED);
              closed.tryEmitEmpty();
            });
  }

  /**
   * After the grace: the runs are ended, and the outcomes have as long as two statements may take
   * to be written.
   */
  private Mono<Void> cut() {
    Incarnation last = current;
    if (last != null) {
      last.cut();
    }
    engine.discards.cut();
    engine.reception.cut();
    return ended
        .asMono()
        .timeout(settings.store().timeout().multipliedBy(2), engine.timer)
        .doOnError(TimeoutException.class, late -> giveUp())
        .onErrorComplete(TimeoutException.class);
  }

  private void giveUp() {
    LOG.atError()
        .addKeyValue("node", settings.name())
        .addKeyValue("outcomes", engine.settler.waiting())
        .log("stopped with outcomes not written; the jobs will run again");
    ended.tryEmitEmpty();
  }

  /** Where in its life it is. */
  public enum Phase {
    NEW,
    STARTING,
    RUNNING,
    STOPPING,
    STOPPED
  }
}
