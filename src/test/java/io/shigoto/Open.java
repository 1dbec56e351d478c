package io.shigoto;

import static io.shigoto.Nodes.LIMIT;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.support.DatabaseExtension;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Transactions of somebody else's that are not over yet. */
final class Open {

  private Open() {}

  /** Does something after its statement and before its end; in the end it is rolled back. */
  static <T> T transaction(ConnectionFactory factory, String statement, Supplier<T> work) {
    Connection other = begin(factory);
    try {
      run(other, statement);
      return work.get();
    } finally {
      end(other, false);
    }
  }

  /** Connects, and begins one. */
  static Connection begin(ConnectionFactory factory) {
    return Mono.from(factory.create())
        .cast(Connection.class)
        .delayUntil(Connection::beginTransaction)
        .block(LIMIT);
  }

  /** Runs a statement in it. */
  static void run(Connection connection, String statement) {
    Flux.from(connection.createStatement(statement).execute())
        .concatMap(result -> result.map((row, metadata) -> true))
        .blockLast(LIMIT);
  }

  /** How many connections to a database are kept waiting for what others have locked. */
  static long kept(DatabaseExtension db) {
    return db.number(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            + " AND backend_type = 'client backend' AND wait_event_type = 'Lock'");
  }

  /** Ends it, and closes the connection. */
  static void end(Connection connection, boolean commits) {
    Mono.from(commits ? connection.commitTransaction() : connection.rollbackTransaction())
        .then(Mono.from(connection.close()))
        .block(LIMIT);
  }
}
