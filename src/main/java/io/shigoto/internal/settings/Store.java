package io.shigoto.internal.settings;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.internal.postgres.SchemaName;
import io.shigoto.worker.Given;
import java.time.Duration;

/**
 * Where the jobs are, and how the node gets there.
 *
 * @param migrates whether it brings the schema up to date
 * @param listens whether it has a connection for LISTEN
 * @param connections how many claims and settlements share, and calls of the application too
 * @param timeout of a statement
 */
public record Store(
    ConnectionFactory connectionFactory,
    String schema,
    boolean migrates,
    boolean listens,
    int connections,
    Duration timeout) {

  public Store {
    Given.atLeast("connections", connections, 1);
    Given.between("statementTimeout", timeout, Duration.ofMillis(100), Duration.ofHours(1));
    SchemaName.require(schema);
  }

  /** In this schema. */
  public Store schema(String schema) {
    return new Store(connectionFactory, schema, migrates, listens, connections, timeout);
  }

  /** Which is left alone. */
  public Store withoutMigrations() {
    return new Store(connectionFactory, schema, false, listens, connections, timeout);
  }

  /** Without a session. */
  public Store pollOnly() {
    return new Store(connectionFactory, schema, migrates, false, connections, timeout);
  }

  /** By so many of them. */
  public Store connections(int connections) {
    return new Store(connectionFactory, schema, migrates, listens, connections, timeout);
  }

  /** For so long at most. */
  public Store timeout(Duration timeout) {
    return new Store(connectionFactory, schema, migrates, listens, connections, timeout);
  }
}
