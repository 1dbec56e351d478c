package io.shigoto.internal.group;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import io.shigoto.batch.Batch;
import io.shigoto.internal.enqueue.JobRow;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** {@code open_batch.sql}, {@code seal_batch.sql}, {@code find_batch.sql}. */
final class BatchStatements {

  private final Database database;
  private final Sql open;
  private final Sql seal;
  private final Sql find;

  BatchStatements(Database database, Statements sql) {
    this.database = database;
    this.open = sql.get("open_batch");
    this.seal = sql.get("seal_batch");
    this.find = sql.get("find_batch");
  }

  Mono<Long> open(JobRow callback) {
    return database.list(open, bind(callback), BatchStatements::id).map(ids -> ids.get(0));
  }

  Mono<Long> open(JobRow callback, Connection connection) {
    return Database.list(connection, open, bind(callback), BatchStatements::id)
        .map(ids -> ids.get(0));
  }

  /**
   * Emits what the nodes are to be told; empty if there is no such batch.
   *
   * @param atCommit whether the commit tells them
   */
  Mono<News> seal(long id, boolean atCommit, Connection connection) {
    return Database.list(
            connection,
            seal,
            statement -> statement.bind(0, id).bind(1, atCommit),
            row -> Told.of(row.get(0, String[].class)))
        .flatMap(told -> Mono.justOrEmpty(told.get(0).news));
  }

  Mono<Batch> find(long id) {
    return database
        .list(find, statement -> statement.bind(0, id), BatchStatements::read)
        .flatMapMany(Flux::fromIterable)
        .next();
  }

  Mono<Batch> find(long id, Connection connection) {
    return Database.list(
            connection, find, statement -> statement.bind(0, id), BatchStatements::read)
        .flatMapMany(Flux::fromIterable)
        .next();
  }

  private static Consumer<Statement> bind(JobRow callback) {
    return statement -> {
      statement
          .bind(0, callback.queue())
          .bind(1, callback.worker())
          .bind(2, callback.args())
          .bind(3, (short) callback.priority())
          .bind(4, callback.maxAttempts());
      bind(statement, 5, callback.meta());
      bind(statement, 6, callback.tags());
      bind(statement, 7, callback.partitionKey());
    };
  }

  private static void bind(Statement statement, int index, @Nullable String value) {
    if (value == null) {
      statement.bindNull(index, String.class);
    } else {
      statement.bind(index, value);
    }
  }

  private static Long id(Readable row) {
    return get(row, "id", Long.class);
  }

  private static Batch read(Readable row) {
    Instant sealedAt = row.get("sealed_at", Instant.class);
    Instant finishedAt = row.get("finished_at", Instant.class);
    return new Batch(
        get(row, "id", Long.class),
        finishedAt != null
            ? Batch.State.FINISHED
            : sealedAt != null ? Batch.State.SEALED : Batch.State.OPEN,
        get(row, "total", Long.class),
        get(row, "completed", Long.class),
        get(row, "discarded", Long.class),
        get(row, "cancelled", Long.class),
        get(row, "opened_at", Instant.class),
        sealedAt,
        finishedAt,
        row.get("callback_id", Long.class));
  }

  private static <T> T get(Readable row, String column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type));
  }

  private record Told(@Nullable News news) {

    static Told of(String @Nullable [] messages) {
      return new Told(messages == null ? null : News.of(List.of(messages)));
    }
  }
}
