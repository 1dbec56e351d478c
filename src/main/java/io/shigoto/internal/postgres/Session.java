package io.shigoto.internal.postgres;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Statement;
import java.util.HashMap;
import java.util.Map;

/**
 * A connection of a pool, with the statements that were made on it. The driver reads the text of a
 * statement whenever it makes one, which takes 50 µs for a claim; a statement that is kept is bound
 * again and executed again. For one borrower at a time.
 */
final class Session {

  private final Connection connection;
  private final Map<Sql, Statement> made = new HashMap<>();

  Session(Connection connection) {
    this.connection = connection;
  }

  Connection connection() {
    return connection;
  }

  /** What was bound before is bound still: every parameter has to be bound anew. */
  Statement statement(Sql sql) {
    return made.computeIfAbsent(sql, missing -> connection.createStatement(missing.text()));
  }
}
