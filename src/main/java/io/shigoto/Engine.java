package io.shigoto;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.await.Awaits;
import io.shigoto.internal.await.Looks;
import io.shigoto.internal.broadcast.Publications;
import io.shigoto.internal.broadcast.Reception;
import io.shigoto.internal.context.Propagation;
import io.shigoto.internal.control.Control;
import io.shigoto.internal.control.Patience;
import io.shigoto.internal.control.QueueTable;
import io.shigoto.internal.control.ResultFinder;
import io.shigoto.internal.enqueue.Encoder;
import io.shigoto.internal.enqueue.Enqueuer;
import io.shigoto.internal.enqueue.Herald;
import io.shigoto.internal.enqueue.Inserts;
import io.shigoto.internal.enqueue.SpecialEnqueuer;
import io.shigoto.internal.enqueue.SpecialInserts;
import io.shigoto.internal.explain.Explainer;
import io.shigoto.internal.find.Finder;
import io.shigoto.internal.find.Searcher;
import io.shigoto.internal.flow.DutyCycle;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.group.BatchEnqueuer;
import io.shigoto.internal.group.WorkflowEnqueuer;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.CallerTransaction;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.NodeState;
import io.shigoto.internal.job.Workers;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.permit.Allowances;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Migrations;
import io.shigoto.internal.postgres.Partitions;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.queue.Served;
import io.shigoto.internal.run.Discards;
import io.shigoto.internal.run.LastCall;
import io.shigoto.internal.run.Reports;
import io.shigoto.internal.settle.Announcer;
import io.shigoto.internal.settle.Settler;
import io.shigoto.internal.shed.Sheds;
import io.shigoto.internal.upkeep.Untold;
import io.shigoto.internal.wake.Alarm;
import io.shigoto.internal.wake.Canary;
import io.shigoto.internal.wake.Listener;
import io.shigoto.internal.wake.Notifier;
import io.shigoto.internal.wake.Pauses;
import io.shigoto.internal.wake.Wakeups;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** The parts of a node that outlive its incarnations, put together. */
final class Engine {

  private static final Duration LISTENER_PERIOD = Duration.ofSeconds(5);

  /** For how long commits are silent after one that tells the other nodes by itself. */
  private static final int QUIET_PER_ALOUD = 7;

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
  final Bell bell;
  final KeepGoing heartbeat;
  final KeepGoing writing;
  final Settler settler;
  final Enqueuer enqueuer;
  final WorkflowEnqueuer workflows;
  final Batches batches;
  final Broadcasts broadcasts;
  final Reception reception;
  final Finder finder;
  final ResultFinder results;
  final Discards discards;
  final Reports reports;
  final Listener listener;
  final Answers answers;
  final Queues queues;
  private final Awaits awaits;
  private final Flux<?> hearing;
  final Jobs jobs;
  private final Settings settings;
  private final Notifier notifier;
  private final Publications publications;
  private final Migrations migrations;

  Engine(Settings settings) {
    this.settings = settings;
    this.threads = new Threads(settings.workerScheduler());
    this.timer = threads.timer;
    Scheduler running = threads.running;
    this.sql = new Statements(settings.schema());
    this.migrations = new Migrations(sql);
    this.json = new Json(settings.json(), settings.maxPayload());
    this.workers = new Workers(settings.workers(), settings.middleware(), json);
    this.propagation = new Propagation(settings.travelling(), json);
    this.events = new Events(settings.name(), settings.listeners());
    this.allowances =
        new Allowances(workers, events, settings.pollInterval(), timer, settings.nanos());
    this.connections = new Connections(settings, timer);
    Database engine = connections.engine;
    Database calls = connections.calls;
    Database upkeep = connections.upkeep;
    this.alarm = new Alarm(settings.nanos(), timer);
    this.wakeups = new Wakeups(alarm);
    this.pauses = new Pauses(wakeups, events);
    this.served =
        new Served(
            settings.queues(),
            settings.concurrency(),
            new Sheds(settings.shedding(), events, settings.nanos()),
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
            new Looks(calls, sql, wakeups.and(notifier), running),
            Flux.defer(this::hearing),
            settings.pollInterval(),
            timer);
    this.reception =
        new Reception(
            settings.broadcasts().receivers(),
            settings.broadcasts().window(),
            settings.pollInterval(),
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
    Bell here = wakeups.and(awaits).and(pauses).and(allowances).and(reception);
    this.bell = here.and(notifier).and(new Aftermaths(events));
    this.listener =
        new Listener(
            connections.connector,
            sql.schema(),
            new Canary(upkeep, sql, UUID.randomUUID()),
            here,
            LISTENER_PERIOD,
            timer);
    this.hearing = settings.listen() ? listener.flow().share() : Flux.never();
    this.settler = new Settler(engine, sql, json, new Announcer(bell, workers), writing);
    CallerTransaction transaction = CallerTransaction.on(settings.connectionFactory());
    Herald herald =
        new Herald(bell, here, events, new DutyCycle(settings.nanos(), QUIET_PER_ALOUD));
    this.enqueuer =
        new Enqueuer(
            new Encoder(workers, propagation, json),
            new Inserts(calls, sql, transaction),
            new SpecialEnqueuer(
                new SpecialInserts(calls, sql),
                settings.statementTimeout(),
                herald,
                running,
                timer),
            herald,
            running);
    this.workflows = new WorkflowEnqueuer(enqueuer, calls);
    this.batches = new Batches(new BatchEnqueuer(enqueuer, calls, sql, bell));
    this.publications = new Publications(calls, sql, transaction, json, bell, events, running);
    this.broadcasts = new Broadcasts(publications);
    this.queues = new Queues(served, new QueueTable(calls, sql), here, running, timer);
    this.answers = new Answers(enqueuer, awaits, json);
    this.jobs =
        new Jobs(
            finder,
            new Searcher(calls, sql, json),
            new Explainer(calls, sql, json, () -> incarnation, this::state),
            answers,
            Control.of(calls, sql, json, patience(), bell, events),
            running);
  }

  /** The lease's own thread may have seen it, and must not wait for whoever listens. */
  private void tellAside(JobEvent.Kind kind) {
    threads.aside.schedule(() -> events.ofNode(kind, ""));
  }

  private Patience patience() {
    return new Patience(settings.statementTimeout(), settings.nanos(), timer);
  }

  /** What keeps this node from claiming. */
  NodeState state() {
    return new NodeState(
        served.slots(), served.state(), allowances.holds(), allowances.clusterLimits());
  }

  /** Brings the schema up to date, or only looks, and makes the first days of history. */
  Mono<Void> prepare() {
    Mono<Void> schema =
        settings.migrate()
            ? migrations.run(connections.upkeep)
            : migrations.check(connections.upkeep);
    return schema
        .then(new Partitions(connections.upkeep, sql).keep(settings.retentionDays()))
        .then();
  }

  /** Listens while anybody is subscribed, all on one connection; never ends in poll-only mode. */
  Flux<?> hearing() {
    return hearing;
  }

  /**
   * Closes all connections and threads. Calls that are under way have as long as a statement may
   * take; then their connections are closed, and they fail.
   */
  Mono<Void> close() {
    awaits.close();
    served.close();
    Mono<Void> drained = drain().timeout(settings.statementTimeout(), timer);
    return drained
        .onErrorResume(TimeoutException.class, late -> connections.close().then(drained))
        .onErrorComplete(TimeoutException.class)
        .then(connections.close())
        .doFinally(end -> threads.close());
  }

  /** Takes no more work; completes when all that was taken has ended. */
  private Mono<Void> drain() {
    return enqueuer
        .close()
        .then(publications.close())
        .then(jobs.close())
        .then(reports.close())
        .then(notifier.close())
        .then(connections.drain());
  }
}
