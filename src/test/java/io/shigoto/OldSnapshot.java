package io.shigoto;

import static io.shigoto.Nodes.LIMIT;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.IsolationLevel;
import io.shigoto.support.DatabaseExtension;
import java.util.List;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Transactions that took their snapshot before others changed what they are about. */
final class OldSnapshot {

  private OldSnapshot() {}

  static List<IsolationLevel> levels() {
    return List.of(
        IsolationLevel.READ_COMMITTED, IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE);
  }

  /** Its snapshot is taken at once. */
  static Connection begin(ConnectionFactory factory, IsolationLevel level) {
    return Mono.from(factory.create())
        .delayUntil(connection -> connection.beginTransaction(level))
        .delayUntil(
            connection ->
                Flux.from(connection.createStatement("SELECT count(*) FROM shigoto.jobs").execute())
                    .concatMap(result -> result.getRowsUpdated()))
        .cast(Connection.class)
        .block(LIMIT);
  }

  /** Commits when the work is done. */
  static <T> T transaction(
      ConnectionFactory factory, IsolationLevel level, Function<Connection, Mono<T>> work) {
    Connection connection = begin(factory, level);
    try {
      return work.apply(connection).delayUntil(done -> connection.commitTransaction()).block(LIMIT);
    } finally {
      Mono.from(connection.close()).block(LIMIT);
    }
  }

  /** As a settlement does. */
  static void end(DatabaseExtension db, long id) {
    db.sql(end(id));
  }

  /** As a run does that is completed in its worker's transaction. */
  static Mono<Void> end(Connection connection, long id) {
    return Flux.from(connection.createStatement(end(id)).execute())
        .concatMap(result -> result.getRowsUpdated())
        .then();
  }

  private static String end(long id) {
    return """
        WITH ended AS (DELETE FROM shigoto.jobs WHERE id = %d RETURNING *)
        SELECT shigoto.jobs_ended(array_agg(
                 ROW(id, 'completed', batch_id, unique_key, watched)::shigoto.ended_job), false)
          FROM ended
        """
        .formatted(id);
  }
}
