package io.shigoto.internal.node;

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
import io.shigoto.internal.find.Finder;
import io.shigoto.internal.find.Searcher;
import io.shigoto.internal.flow.DutyCycle;
import io.shigoto.internal.flow.Gate;
import io.shigoto.internal.group.BatchEnqueuer;
import io.shigoto.internal.group.WorkflowEnqueuer;
import io.shigoto.internal.job.CallerTransaction;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.queue.Served;
import io.shigoto.internal.settings.Settings;
import io.shigoto.internal.thread.Answering;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * What the application calls on a node, started or not, put together.
 *
 * @param answering how it is answered
 */
public record Calls(
    Answering answering,
    Enqueuer enqueuer,
    WorkflowEnqueuer workflows,
    BatchEnqueuer batches,
    Publications publications,
    Answers answers,
    Served served,
    QueueTable queues,
    Questions questions) {

  /** For how long commits are silent after one that tells the other nodes by itself. */
  private static final int QUIET_PER_ALOUD = 7;

  static Calls of(Settings settings, Engine engine) {
    Database database = engine.connections.calls;
    Statements sql = engine.sql;
    Json json = engine.json;
    CallerTransaction transaction = CallerTransaction.on(settings.store().connectionFactory());
    Enqueuer enqueuer = enqueuer(settings, engine, transaction);
    return new Calls(
        engine.threads.answers,
        enqueuer,
        new WorkflowEnqueuer(enqueuer, database),
        new BatchEnqueuer(enqueuer, database, sql, engine.bell),
        new Publications(
            database, sql, transaction, json, engine.bell, engine.events, engine.threads.answering),
        new Answers(enqueuer, engine.awaits, json),
        engine.served,
        new QueueTable(database, sql, engine.here, engine.timer),
        questions(settings, engine));
  }

  private static Enqueuer enqueuer(
      Settings settings, Engine engine, CallerTransaction transaction) {
    Database database = engine.connections.calls;
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
                settings.store().timeout(), settings.nanos(), engine.timer),
            herald,
            telling),
        herald,
        telling);
  }

  private static Questions questions(Settings settings, Engine engine) {
    Database database = engine.connections.calls;
    Patience patience = new Patience(settings.store().timeout(), settings.nanos(), engine.timer);
    return new Questions(
        engine.finder,
        new Searcher(database, engine.sql, engine.json),
        new Explainer(database, engine.sql, () -> engine.incarnation, engine::state),
        Control.of(database, engine.sql, engine.json, patience, engine.bell, engine.events),
        new Gate());
  }

  /** Takes no more; completes when all that were taken have ended. */
  Mono<Void> close() {
    return enqueuer.close().then(publications.close()).then(questions.underWay.close());
  }

  /**
   * What is asked of jobs.
   *
   * @param underWay all go through it
   */
  public record Questions(
      Finder finder, Searcher searcher, Explainer explainer, Control control, Gate underWay) {}
}
