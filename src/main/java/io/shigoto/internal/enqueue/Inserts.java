package io.shigoto.internal.enqueue;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import io.shigoto.internal.job.CallerTransaction;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.Receipt;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/** {@code enqueue.sql}: a group of rows in one statement. */
public final class Inserts {

  private final Database database;
  private final Sql enqueue;
  private final CallerTransaction transaction;

  public Inserts(Database database, Statements sql, CallerTransaction transaction) {
    this.database = database;
    this.enqueue = sql.get("enqueue");
    this.transaction = transaction;
  }

  /** The connection of the transaction in which the caller is, or null. */
  @Nullable Connection current(ContextView caller) {
    return transaction.connection(caller);
  }

  /**
   * Commits the rows.
   *
   * @param aloud whether the nodes are woken by the commit, or left to be woken by the caller
   */
  Mono<List<Answer.Given>> commit(List<JobRow> rows, boolean aloud) {
    return database.list(enqueue, bind(aloud ? "now" : "off", rows), Inserts::read);
  }

  /** Writes the rows in the caller's transaction; the nodes are woken by its commit. */
  Mono<List<Answer.Given>> write(List<JobRow> rows, Connection connection) {
    return Database.list(connection, enqueue, bind("on", rows), Inserts::read);
  }

  private static Answer.Given read(Readable row) {
    return new Answer.Given(
        Receipt.inserted(Objects.requireNonNull(row.get(0, Long.class))),
        Objects.requireNonNull(row.get(1, Long.class)));
  }

  private static Consumer<Statement> bind(String notify, List<JobRow> rows) {
    return statement -> bindRows(statement.bind(0, notify).bind(11, watched(rows)), rows);
  }

  /** Binds what all jobs have, as $2 to $11. */
  static void bindRows(Statement statement, List<JobRow> rows) {
    int n = rows.size();
    String[] queues = new String[n];
    String[] workers = new String[n];
    String[] args = new String[n];
    Short[] priorities = new Short[n];
    Integer[] maxAttempts = new Integer[n];
    String[] dueAt = new String[n];
    Long[] dueIn = new Long[n];
    String[] meta = new String[n];
    String[] tags = new String[n];
    String[] partitionKeys = new String[n];
    for (int i = 0; i < n; i++) {
      JobRow row = rows.get(i);
      queues[i] = row.queue();
      workers[i] = row.worker();
      args[i] = row.args();
      priorities[i] = (short) row.priority();
      maxAttempts[i] = row.maxAttempts();
      dueAt[i] = row.dueAt() == null ? null : row.dueAt().toString();
      dueIn[i] = row.dueIn();
      meta[i] = row.meta();
      tags[i] = row.tags();
      partitionKeys[i] = row.partitionKey();
    }
    statement
        .bind(1, queues)
        .bind(2, workers)
        .bind(3, args)
        .bind(4, priorities)
        .bind(5, maxAttempts)
        .bind(6, dueAt)
        .bind(7, dueIn)
        .bind(8, meta)
        .bind(9, tags)
        .bind(10, partitionKeys);
  }

  /** The places, from 1, of those that are watched. */
  private static Long[] watched(List<JobRow> rows) {
    return LongStream.rangeClosed(1, rows.size())
        .filter(place -> rows.get((int) place - 1).watched())
        .boxed()
        .toArray(Long[]::new);
  }
}
