package io.shigoto.internal.node;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.await.Awaits;
import io.shigoto.internal.await.Looks;
import io.shigoto.internal.broadcast.Reception;
import io.shigoto.internal.context.Propagation;
import io.shigoto.internal.control.ResultFinder;
import io.shigoto.internal.find.Finder;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.history.Partitions;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.known.NodeState;
import io.shigoto.internal.known.Workers;
import io.shigoto.internal.permit.Allowances;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Migrations;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.queue.Served;
import io.shigoto.internal.run.Discards;
import io.shigoto.internal.run.LastCall;
import io.shigoto.internal.run.Reports;
import io.shigoto.internal.run.Transition;
import io.shigoto.internal.settings.Settings;
import io.shigoto.internal.settle.Announcer;
import io.shigoto.internal.settle.Settler;
import io.shigoto.internal.shed.Sheds;
import io.shigoto.internal.upkeep.Untold;
import io.shigoto.internal.wake.Aftermaths;
import io.shigoto.internal.wake.Alarm;
import io.shigoto.internal.wake.Canary;
import io.shigoto.internal.wake.Listener;
import io.shigoto.internal.wake.Notifier;
import io.shigoto.internal.wake.Pauses;
import io.shigoto.internal.wake.Wakeups;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The parts of a node that outlive its incarnations, put together; what the application calls is
 * built upon them by {@link Calls}.
 */
final class Engine {

  private static final Duration LISTENER_PERIOD = Duration.ofSeconds(5);

  final Threads threads;
  final Scheduler timer;
  final Statements sql;
  final Json json;
  volatile @Nullable UUID incarnation;
  final Workers workers;
  final Propagation propagation;
  final Allowances allowances;
  final Events events;
  final Connections connections;
  final Alarm alarm;
  final Wakeups wakeups;
  final Pauses pauses;
  final Served served;
  final Bell here;
  final Bell bell;
  final KeepGoing heartbeat;
  final KeepGoing writing;
  final Settler settler;
  final Reception reception;
  final Finder finder;
  final ResultFinder results;
  final Discards discards;
  final Reports reports;
  final Listener listener;
  final Awaits awaits;
  private final Flux<?> hearing;
  private final Settings settings;
  private final Notifier notifier;
  private final Migrations migrations;

  Engine(Settings settings) {
    this.settings = settings;
    this.threads = new Threads(settings.work().scheduler(), settings.nanos());
    this.timer = threads.timer;
    Scheduler running = threads.running;
    this.sql = new Statements(settings.store().schema());
    this.migrations = new Migrations(sql);
    this.json = new Json(settings.work().json(), settings.work().maxPayload());
    this.workers = new Workers(settings.work().workers(), settings.work().middleware(), json);
    this.propagation = new Propagation(settings.work().travelling(), json);
    this.events = new Events(settings.name(), settings.listeners());
    this.allowances =
        new Allowances(workers, events, settings.rhythm().poll(), timer, settings.nanos());
    this.connections = new Connections(settings, timer);
    Database engine = connections.engine;
    Database calls = connections.calls;
    Database upkeep = connections.upkeep;
    this.alarm = new Alarm(settings.nanos(), timer);
    this.wakeups = new Wakeups(alarm);
    this.pauses = new Pauses(wakeups, events);
    this.served =
        new Served(
            settings.serving().queues(),
            settings.serving().concurrency(),
            new Sheds(settings.serving().shedding(), events, settings.nanos()),
            wakeups,
            timer);
    this.heartbeat =
        new KeepGoing(
            "database",
            timer,
            () -> tellAside(JobEvent.Kind.DATABASE_LOST),
            () -> tellAside(JobEvent.Kind.DATABASE_BACK));
    this.writing = new KeepGoing("settle", timer);
    this.notifier = new Notifier(upkeep, sql, timer);
    this.reports = new Reports(upkeep, sql, events, timer);
    this.finder = new Finder(calls, sql, json);
    this.results = new ResultFinder(engine, sql, json, new KeepGoing("results", timer));
    this.discards =
        new Discards(
            workers,
            finder::find,
            Untold.passingOn(upkeep, sql),
            new LastCall(json, propagation, running, threads.aside),
            new KeepGoing("discard", timer));
    this.awaits =
        new Awaits(
            new Looks(calls, sql, wakeups.and(notifier), threads.answering),
            Flux.defer(this::hearing),
            settings.rhythm().poll(),
            timer);
    this.reception =
        new Reception(
            settings.broadcasts().receivers(),
            settings.broadcasts().window(),
            settings.rhythm().poll(),
            new Reception.Parts(
                upkeep,
                engine,
                sql,
                json,
                events,
                running,
                threads.aside,
                timer,
                settings.nanos()));
    this.here = wakeups.and(awaits).and(pauses).and(allowances).and(reception);
    this.bell = here.and(notifier).and(new Aftermaths(events));
    this.listener =
        new Listener(
            connections.connector,
            sql.schema(),
            new Canary(upkeep, sql, UUID.randomUUID()),
            here,
            LISTENER_PERIOD,
            timer);
    this.hearing = settings.store().listens() ? listener.flow().share() : Flux.never();
    this.settler = new Settler(engine, sql, new Announcer(bell, workers), writing, threads.aside);
  }

  /** The lease's own thread may have seen it, and must not wait for whoever listens. */
  private void tellAside(JobEvent.Kind kind) {
    threads.aside.schedule(() -> events.ofNode(kind, ""));
  }

  /** A run failed by no doing of its worker's, which is asked for its backoff, aside. */
  Mono<Settlement> failed(Transition transition, RunKey run, Throwable error) {
    return Mono.fromSupplier(
            () -> transition.of(run, Outcome.failed(error), workers.find(run.worker())))
        .subscribeOn(threads.aside);
  }

  /** What keeps this node from claiming. */
  NodeState state() {
    return new NodeState(
        served.slots(), served.state(), allowances.holds(), allowances.clusterLimits());
  }

  /** Brings the schema up to date, or only looks, and makes the first days of history. */
  Mono<Void> prepare() {
    Mono<Void> schema =
        settings.store().migrates()
            ? migrations.run(connections.upkeep)
            : migrations.check(connections.upkeep);
    return schema
        .then(new Partitions(connections.upkeep, sql).keep(settings.retention().longest()))
        .then();
  }

  /** Listens while anybody is subscribed, all on one connection; never ends in poll-only mode. */
  Flux<?> hearing() {
    return hearing;
  }

  /**
   * Closes all connections and threads. Calls that are under way have as long as a statement may
   * take; then their connections are closed, and they fail.
   *
   * @param calls takes no more of them, and completes when all have ended
   */
  Mono<Void> close(Mono<Void> calls) {
    awaits.close();
    served.close();
    Mono<Void> drained = drain(calls).timeout(settings.store().timeout(), timer);
    return drained
        .onErrorResume(TimeoutException.class, late -> connections.close().then(drained))
        .onErrorComplete(TimeoutException.class)
        .then(connections.close())
        .materialize()
        .delayUntil(end -> threads.close())
        .dematerialize();
  }

  /** Takes no more work; completes when all that was taken has ended. */
  private Mono<Void> drain(Mono<Void> calls) {
    return calls.then(reports.close()).then(notifier.close()).then(connections.drain());
  }
}
