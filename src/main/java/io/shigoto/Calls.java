package io.shigoto;

import io.shigoto.internal.broadcast.Publications;
import io.shigoto.internal.control.Control;
import io.shigoto.internal.control.Patience;
import io.shigoto.internal.control.QueueTable;
import io.shigoto.internal.enqueue.Encoder;
import io.shigoto.internal.enqueue.Enqueuer;
import io.shigoto.internal.enqueue.Herald;
import io.shigoto.internal.enqueue.Inserts;
import io.shigoto.internal.enqueue.SpecialEnqueuer;
import io.shigoto.internal.enqueue.SpecialInserts;
import io.shigoto.internal.explain.Explainer;
import io.shigoto.internal.find.Searcher;
import io.shigoto.internal.flow.DutyCycle;
import io.shigoto.internal.group.BatchEnqueuer;
import io.shigoto.internal.group.WorkflowEnqueuer;
import io.shigoto.internal.job.CallerTransaction;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.thread.Answering;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** What the application calls on a node, started or not, put together. */
final class Calls {

  /** For how long commits are silent after one that tells the other nodes by itself. */
  private static final int QUIET_PER_ALOUD = 7;

  /** How it is answered. */
  final Answering answering;

  final Enqueuer enqueuer;
  final WorkflowEnqueuer workflows;
  final Batches batches;
  final Broadcasts broadcasts;
  final Answers answers;
  final Queues queues;
  final Jobs jobs;
  private final Settings settings;
  private final Engine engine;
  private final Database database;
  private final Publications publications;

  Calls(Settings settings, Engine engine) {
    this.settings = settings;
    this.engine = engine;
    this.database = engine.connections.calls;
    Statements sql = engine.sql;
    Json json = engine.json;
    this.answering = engine.threads.answers;
    CallerTransaction transaction = CallerTransaction.on(settings.connectionFactory());
    this.enqueuer = enqueuer(transaction);
    this.workflows = new WorkflowEnqueuer(enqueuer, database);
    this.batches = new Batches(new BatchEnqueuer(enqueuer, database, sql, engine.bell), answering);
    this.publications =
        new Publications(
            database, sql, transaction, json, engine.bell, engine.events, engine.threads.answering);
    this.broadcasts = new Broadcasts(publications, answering);
    this.queues =
        new Queues(
            engine.served, new QueueTable(database, sql), engine.here, answering, engine.timer);
    this.answers = new Answers(enqueuer, engine.awaits, json);
    this.jobs =
        new Jobs(
            engine.finder,
            new Searcher(database, sql, json),
            new Explainer(database, sql, () -> engine.incarnation, engine::state),
            answers,
            Control.of(database, sql, json, patience(), engine.bell, engine.events),
            answering);
  }

  private Enqueuer enqueuer(CallerTransaction transaction) {
    Statements sql = engine.sql;
    Scheduler telling = engine.threads.answering;
    Herald herald =
        new Herald(
            engine.bell,
            engine.here,
            engine.events,
            new DutyCycle(settings.nanos(), QUIET_PER_ALOUD));
    return new Enqueuer(
        new Encoder(engine.workers, engine.propagation, engine.json),
        new Inserts(database, sql, transaction),
        new SpecialEnqueuer(
            new SpecialInserts(database, sql),
            new SpecialEnqueuer.Patience(
                settings.statementTimeout(), settings.nanos(), engine.timer),
            herald,
            telling),
        herald,
        telling);
  }

  private Patience patience() {
    return new Patience(settings.statementTimeout(), settings.nanos(), engine.timer);
  }

  /** Takes no more; completes when all that were taken have ended. */
  Mono<Void> close() {
    return enqueuer.close().then(publications.close()).then(jobs.close());
  }
}
