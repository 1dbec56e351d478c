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
import java.util.function.Function;
import java.util.function.IntFunction;
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

  /**
   * Binds what all jobs have, as $2 to $11. What no job has is an empty array: {@code unnest} pads
   * it.
   */
  static void bindRows(Statement statement, List<JobRow> rows) {
    statement
        .bind(1, column(rows, String[]::new, JobRow::queue))
        .bind(2, column(rows, String[]::new, JobRow::worker))
        .bind(3, column(rows, String[]::new, JobRow::args))
        .bind(4, column(rows, Short[]::new, row -> (short) row.priority()))
        .bind(5, column(rows, Integer[]::new, JobRow::maxAttempts))
        .bind(6, column(rows, String[]::new, Inserts::dueAt))
        .bind(7, column(rows, Long[]::new, JobRow::dueIn))
        .bind(8, column(rows, String[]::new, JobRow::meta))
        .bind(9, column(rows, String[]::new, JobRow::tags))
        .bind(10, column(rows, String[]::new, JobRow::partitionKey));
  }

  private static @Nullable String dueAt(JobRow row) {
    return row.dueAt() == null ? null : row.dueAt().toString();
  }

  /** A value of each row, or none at all: an array of NULLs is read as slowly as any other. */
  static <T> @Nullable T[] column(
      List<JobRow> rows, IntFunction<@Nullable T[]> array, Function<JobRow, @Nullable T> value) {
    @Nullable T[] column = array.apply(rows.size());
    boolean empty = true;
    for (int i = 0; i < column.length; i++) {
      column[i] = value.apply(rows.get(i));
      empty &= column[i] == null;
    }
    return empty ? array.apply(0) : column;
  }

  /** The places, from 1, of those that are watched. */
  private static Long[] watched(List<JobRow> rows) {
    return LongStream.rangeClosed(1, rows.size())
        .filter(place -> rows.get((int) place - 1).watched())
        .boxed()
        .toArray(Long[]::new);
  }
}
