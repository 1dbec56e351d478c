package io.shigoto.internal.broadcast;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.CallerTransaction;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.Name;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * {@code publish.sql}: the way in for messages to all nodes. Those that are published at the same
 * time share a statement; each caller hears after the commit.
 */
public final class Publications {

  private static final int GROUP_SIZE = 1000;

  private final Database database;
  private final Sql publish;
  private final CallerTransaction transaction;
  private final Json json;
  private final Bell bell;
  private final Events events;
  private final Scheduler scheduler;
  private final GroupCommit<Draft, Long> group;

  /**
   * @param bell rung after a commit
   * @param scheduler where callers hear of their commit
   */
  public Publications(
      Database database,
      Statements sql,
      CallerTransaction transaction,
      Json json,
      Bell bell,
      Events events,
      Scheduler scheduler) {
    this.database = database;
    this.publish = sql.get("publish");
    this.transaction = transaction;
    this.json = json;
    this.bell = bell;
    this.events = events;
    this.scheduler = scheduler;
    this.group = new GroupCommit<>(this::commit, Database::isRefusal, Draft::weight, GROUP_SIZE, 1);
  }

  /**
   * Checks the message now and publishes it when subscribed: in the transaction in which the
   * subscriber is, or else in one of its own, whose commit comes before the id.
   */
  public Mono<Long> publish(String topic, Object payload) {
    Draft draft = draft(topic, payload);
    return Mono.deferContextual(
        caller -> {
          Connection current = transaction.connection(caller);
          return current == null ? group.submit(draft) : write(draft, current);
        });
  }

  /** Checks the message now and publishes it, when subscribed, in the caller's transaction. */
  public Mono<Long> publish(String topic, Object payload, Connection connection) {
    return write(draft(topic, payload), connection);
  }

  /**
   * Takes no more messages but those in a caller's transaction; completes when those that it has
   * taken are answered.
   */
  public Mono<Void> close() {
    return group.close();
  }

  private Draft draft(String topic, Object payload) {
    Name.require("topic", topic);
    Objects.requireNonNull(payload, "payload");
    return new Draft(topic, json.write("payload of a message to '" + topic + "'", payload));
  }

  private Mono<Long> write(Draft draft, Connection connection) {
    return Database.list(connection, publish, bind("on", List.of(draft)), Publications::id)
        .map(ids -> ids.get(0));
  }

  private Mono<List<Long>> commit(List<Draft> drafts) {
    return database
        .list(publish, bind("off", drafts), Publications::id)
        .doOnNext(ids -> bell.ring(News.BROADCASTS))
        .publishOn(scheduler)
        .doOnNext(ids -> tell(drafts, ids));
  }

  private void tell(List<Draft> drafts, List<Long> ids) {
    for (int i = 0; i < ids.size(); i++) {
      events.ofBroadcast(
          JobEvent.Kind.BROADCAST_PUBLISHED, drafts.get(i).topic, null, null, "" + ids.get(i));
    }
  }

  private static Consumer<Statement> bind(String notify, List<Draft> drafts) {
    String[] topics = drafts.stream().map(Draft::topic).toArray(String[]::new);
    String[] payloads = drafts.stream().map(Draft::payload).toArray(String[]::new);
    return statement -> statement.bind(0, notify).bind(1, topics).bind(2, payloads);
  }

  private static Long id(Readable row) {
    return Objects.requireNonNull(row.get(0, Long.class));
  }

  /** A message to be published. */
  private record Draft(String topic, String payload) {

    int weight() {
      return payload.length();
    }

    @Override
    public String toString() {
      return "Draft[topic=" + topic + "]";
    }
  }
}
