package io.shigoto.internal.node;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.claim.Claimer;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.job.Failure;
import io.shigoto.internal.json.OwnJson;
import io.shigoto.internal.queue.QueuePipeline;
import io.shigoto.internal.run.Runner;
import io.shigoto.internal.run.Runs;
import io.shigoto.internal.run.Transition;
import io.shigoto.internal.settings.Settings;
import io.shigoto.internal.settle.Completions;
import io.shigoto.internal.settle.NotCommitted;
import io.shigoto.internal.upkeep.Lease;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * A node from taking a lease to giving it up or losing it. A lease that is lost never comes back;
 * the node goes on as a new incarnation with another id.
 *
 * <p>The order of the end: no more claims, runs end, outcomes are written, and only then upkeep
 * stops and the lease goes.
 */
final class Incarnation {

  private static final Logger LOG = LoggerFactory.getLogger(Incarnation.class);

  private final UUID id;
  private final Settings settings;
  private final Engine engine;
  private final Runs runs;
  private final Lease lease;
  private final Draining draining = new Draining();
  private final Sinks.Empty<Void> drained = Sinks.empty();
  private volatile boolean broken;

  /**
   * @param id never used before, by any node
   */
  Incarnation(UUID id, Settings settings, Engine engine) {
    this.id = id;
    this.settings = settings;
    this.engine = engine;
    this.runs = new Runs(engine.threads.aside);
    this.lease =
        new Lease(
            engine.connections.leasing,
            engine.sql,
            id,
            settings.rhythm().lease(),
            new Lease.Time(engine.threads.leasing, settings.nanos()),
            engine.heartbeat,
            () -> OwnJson.write(engine.state()));
  }

  /** Takes the lease. */
  Mono<Void> join() {
    return lease
        .join(settings.name(), engine.served.names(), engine.workers.names())
        .doOnSuccess(
            joined -> {
              engine.incarnation = id;
              tell(JobEvent.Kind.NODE_JOINED, "joined");
            });
  }

  /** Works until it is drained, because somebody said so or because the lease was lost. */
  Mono<Void> work() {
    return Flux.merge(
            queues().then().onErrorResume(this::broken).doFinally(end -> drained.tryEmitEmpty()),
            new Upkeep(id, settings, engine, runs, draining)
                .flow()
                .takeUntilOther(drained.asMono())
                .then()
                .onErrorResume(this::broken),
            guard())
        .then(Mono.defer(lease::leave).onErrorComplete())
        .doOnSuccess(left -> tell(JobEvent.Kind.NODE_LEFT, "left"))
        .doFinally(end -> runs.letGoOfAll());
  }

  /** Whether it ended, or is to end, by an error that nobody expected. */
  boolean isBroken() {
    return broken;
  }

  /**
   * Something failed that must not fail. The rest of the node may be as broken, so it ends as if it
   * had lost its lease, and goes on as another incarnation. What the broken part held is rescued
   * when the lease is given up.
   *
   * @param error not told by its message, which may be the application's
   */
  void broke(Throwable error) {
    broken = true;
    drain();
    cut();
    LOG.atError()
        .addKeyValue("node", settings.name())
        .addKeyValue("incarnation", id)
        .addKeyValue("error", error.getClass().getName())
        .addKeyValue("at", Failure.place(error))
        .log("something failed unexpectedly, all runs are cancelled and the node begins anew");
  }

  private Mono<Void> broken(Throwable error) {
    return Mono.fromRunnable(() -> broke(error));
  }

  /** Claims no more, and gives back what was not started. */
  void drain() {
    draining.begin();
  }

  /** Ends the runs that are left; their jobs are given back. */
  void cut() {
    runs.cutAll();
  }

  int runsHeld() {
    return runs.size();
  }

  boolean isHearing() {
    return settings.store().listens() && engine.listener.isHearing();
  }

  /**
   * What is done when the lease is lost is done on its own thread, and only then it is told, aside:
   * whoever listens must not keep a fence from closing.
   */
  private Mono<Void> guard() {
    return lease
        .lost()
        .thenReturn(true)
        .takeUntilOther(drained.asMono())
        .doOnNext(lost -> fence())
        .publishOn(engine.threads.aside)
        .doOnNext(lost -> tell(JobEvent.Kind.NODE_LOST_LEASE, "lost its lease"))
        .then();
  }

  private void fence() {
    int left = runs.size();
    drain();
    cut();
    LOG.atWarn()
        .addKeyValue("node", settings.name())
        .addKeyValue("incarnation", id)
        .addKeyValue("runs", left)
        .log("lost the lease, all runs are cancelled");
  }

  private Flux<?> queues() {
    Transition transition = new Transition(settings.name(), engine.json);
    Completions completions =
        new Completions(
            engine.settler,
            engine.json,
            engine.timer,
            run -> engine.failed(transition, run, new NotCommitted()));
    QueuePipeline.Parts parts =
        new QueuePipeline.Parts(
            engine.allowances,
            new Claimer(engine.connections.engine, engine.sql, id),
            new Runner(
                engine.workers,
                new Runner.Reading(engine.json, engine.propagation, engine.results::find),
                transition,
                completions,
                engine.reports,
                engine.events,
                engine.threads.running,
                engine.threads.aside),
            runs,
            engine.settler,
            completions,
            engine.reports,
            engine.discards,
            engine.pauses,
            engine.bell,
            engine.events,
            new KeepGoing("claim", engine.timer),
            settings.nanos(),
            this::broke);
    return engine.served.flow(parts, draining.begun());
  }

  private void tell(JobEvent.Kind kind, String what) {
    LOG.atInfo()
        .addKeyValue("node", settings.name())
        .addKeyValue("incarnation", id)
        .log("node {}", what);
    engine.events.ofNode(kind, id.toString());
  }
}
