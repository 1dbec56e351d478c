package io.shigoto.internal.control;

import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import io.shigoto.control.Cancellation;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.control.Patience.Busy;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * {@code cancel.sql}: what does not run ends at once; of what runs, the nodes are told. A run is
 * ended by its own node, or by whoever rescues it.
 */
public final class Canceller {

  private final Database database;
  private final Sql cancel;
  private final States states;
  private final Patience patience;
  private final Bell bell;
  private final Events events;

  public Canceller(Database database, Statements sql, Patience patience, Bell bell, Events events) {
    this.database = database;
    this.cancel = sql.get("cancel");
    this.states = new States(database, sql);
    this.patience = patience;
    this.bell = bell;
    this.events = events;
  }

  /** Cancels a job when subscribed. Cancel: the job may be cancelled all the same. */
  public Mono<Cancellation> cancel(long id) {
    return Detached.of(patience.until(once(id)));
  }

  private Mono<Cancellation> once(long id) {
    return write(new Long[] {id}, null)
        .flatMapMany(Flux::fromIterable)
        .filter(row -> row.id != null)
        .next()
        .flatMap(row -> answer(id, row.outcome))
        .switchIfEmpty(Mono.defer(() -> ended(id)));
  }

  private static Mono<Cancellation> answer(long id, String outcome) {
    if ("locked".equals(outcome)) {
      return Mono.error(() -> new Busy("job " + id + " is"));
    }
    return Mono.just(
        "running".equals(outcome)
            ? new Cancellation.Requested(id)
            : new Cancellation.Cancelled(id));
  }

  /** It was not live. If it is so now, it was retried in between. */
  private Mono<Cancellation> ended(long id) {
    return states
        .find(id)
        .<Cancellation>handle(
            (state, answer) -> {
              if (state.isTerminal()) {
                answer.next(new Cancellation.Ended(id, state));
              } else {
                answer.error(new Busy("job " + id + " is"));
              }
            })
        .defaultIfEmpty(new Cancellation.Unknown(id));
  }

  private Mono<List<Row>> write(Long[] ids, String @Nullable [] states) {
    return database
        .list(cancel, statement -> bind(statement, ids, states), Canceller::read)
        .doOnNext(this::tell);
  }

  private void tell(List<Row> rows) {
    News news = News.NONE;
    for (Row row : rows) {
      news = news.and(News.of(row.told));
      if (row.id != null && "cancelled".equals(row.outcome)) {
        events.ofJob(JobEvent.Kind.CANCELLED, row.id, row.queue, row.worker, null);
      }
    }
    if (!news.isNone()) {
      bell.ring(news);
    }
  }

  private static void bind(Statement statement, Long[] ids, String @Nullable [] states) {
    statement.bind(0, ids);
    if (states == null) {
      statement.bindNull(1, String[].class);
    } else {
      statement.bind(1, states);
    }
  }

  private static Row read(Readable row) {
    String[] told = row.get(4, String[].class);
    return new Row(
        row.get(0, Long.class),
        text(row, 1),
        text(row, 2),
        text(row, 3),
        told == null ? List.of() : List.of(told));
  }

  private static String text(Readable row, int column) {
    String text = row.get(column, String.class);
    return text == null ? "" : text;
  }

  /**
   * A job that was found or, without an id, only something to tell.
   *
   * @param outcome cancelled, running, or locked
   * @param told messages for the nodes
   */
  private record Row(
      @Nullable Long id, String outcome, String queue, String worker, List<String> told) {}
}
