package io.shigoto.internal.control;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** What is stored and known about queues, for the whole cluster. */
public final class QueueTable {

  private static final long FIRST_PAUSE_MILLIS = 15;
  private static final int DOUBLINGS = 5;

  private final Database database;
  private final Bell here;
  private final Scheduler timer;
  private final Sql pause;
  private final Sql findQueues;
  private final Sql findRest;
  private final Sql awaitClaims;

  /**
   * @param here told of a pause by this node itself
   */
  public QueueTable(Database database, Statements sql, Bell here, Scheduler timer) {
    this.database = database;
    this.here = here;
    this.timer = timer;
    this.pause = sql.get("pause");
    this.findQueues = sql.get("find_queues");
    this.findRest = sql.get("find_rest");
    this.awaitClaims = sql.get("await_claims");
  }

  /** Pauses or resumes a queue, whatever the caller does; the commit tells the nodes. */
  public Mono<Void> pause(String queue, boolean paused) {
    return Detached.of(
        database
            .list(pause, statement -> statement.bind(0, queue).bind(1, paused), row -> true)
            .then()
            .doOnSuccess(stored -> here.ring(News.PAUSES)));
  }

  /**
   * Completes when no node holds a job of a paused queue, and no claim can bring one any more;
   * looks again and again. Errors: {@link IllegalStateException} if it is not paused.
   */
  public Mono<Void> drained(String queue) {
    return atRest(queue).repeatWhenEmpty(looks -> looks.concatMap(this::later)).then();
  }

  private Mono<Long> later(long looks) {
    long millis = FIRST_PAUSE_MILLIS << Math.min(looks, DOUBLINGS);
    return Mono.delay(Duration.ofMillis(millis), timer);
  }

  /** A claim that began before the pause may not have committed yet. */
  private Mono<Boolean> atRest(String queue) {
    return looksAtRest(queue)
        .flatMap(
            rest ->
                database.list(awaitClaims, statement -> statement.bind(0, true), QueueTable::isSo))
        .filter(over -> over.get(0))
        .flatMap(over -> looksAtRest(queue));
  }

  private Mono<Boolean> looksAtRest(String queue) {
    return database
        .list(
            findRest,
            statement -> statement.bind(0, queue),
            row -> new Rest(get(row, 0, Boolean.class), get(row, 1, Boolean.class)))
        .map(rows -> rows.get(0).isReached(queue))
        .filter(reached -> reached);
  }

  private static boolean isSo(Readable row) {
    return get(row, 0, Boolean.class);
  }

  /**
   * The queues of which anything is known.
   *
   * @param served queues that are listed in any case
   * @param counted how many available jobs are counted in each at most
   */
  public Mono<List<Row>> list(String[] served, int counted) {
    return database.list(
        findQueues, statement -> statement.bind(0, served).bind(1, counted), QueueTable::read);
  }

  private static Row read(Readable row) {
    return new Row(
        get(row, 0, String.class),
        get(row, 1, Boolean.class),
        get(row, 2, Integer.class),
        get(row, 3, Integer.class),
        get(row, 4, Integer.class));
  }

  private static <T> T get(Readable row, int column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type));
  }

  /** What find_rest.sql says. */
  private record Rest(boolean paused, boolean running) {

    boolean isReached(String queue) {
      if (!paused) {
        throw new IllegalStateException("queue '%s' is not paused".formatted(queue));
      }
      return !running;
    }
  }

  /** A queue; see find_queues.sql. */
  public record Row(String queue, boolean paused, int nodes, int available, int executing) {}
}
