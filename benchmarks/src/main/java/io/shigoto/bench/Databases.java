package io.shigoto.bench;

import io.r2dbc.spi.ConnectionFactoryOptions;
import io.shigoto.bench.subject.Target;
import io.shigoto.support.PostgresServer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Fresh databases: each is a copy of a template that was filled once, vacuumed and analysed. A
 * checkpoint follows, so that every run begins with the same distance to the next one.
 */
final class Databases implements AutoCloseable {

  // Copies files instead of writing every page to the log, which would be the run's to flush.
  private static final String STRATEGY = "FILE_COPY";

  private final Target server;
  private final Map<String, Database> templates = new HashMap<>();
  private final int quietWait;
  private int made;

  /**
   * @param quietWait how many seconds to wait for a quiet machine before a database is given out
   */
  Databases(PostgresServer server, int quietWait) {
    this.quietWait = quietWait;
    ConnectionFactoryOptions options = server.options();
    Object port = options.getValue(ConnectionFactoryOptions.PORT);
    Object password = options.getValue(ConnectionFactoryOptions.PASSWORD);
    this.server =
        new Target(
            options.getRequiredValue(ConnectionFactoryOptions.HOST).toString(),
            port == null ? 5432 : Integer.parseInt(port.toString()),
            options.getRequiredValue(ConnectionFactoryOptions.USER).toString(),
            password == null ? "" : password.toString(),
            "postgres");
  }

  /** A new database like the template of this name, which is filled when it is first wanted. */
  Database fresh(String template, Consumer<Database> fill) {
    Database from = templates.get(template);
    if (from == null) {
      from = create("template1");
      fill.accept(from);
      from.run("VACUUM ANALYZE");
      from.disconnect();
      seal(from);
      templates.put(template, from);
    }
    Database database = create(from.name());
    database.run("CHECKPOINT");
    Load.awaitQuiet(quietWait);
    return database;
  }

  /** Nobody may be connected to a database that is copied. */
  private void seal(Database template) {
    admin("ALTER DATABASE " + template.name() + " ALLOW_CONNECTIONS false");
    try (Database postgres = new Database(null, server)) {
      String others = "FROM pg_stat_activity WHERE datname = '" + template.name() + "'";
      postgres.row("SELECT count(pg_terminate_backend(pid)) " + others);
      while (postgres.number("SELECT count(*) " + others) > 0) {
        Pause.millis(5);
      }
    }
  }

  private Database create(String template) {
    String name = "bench_" + ProcessHandle.current().pid() + "_" + ++made;
    admin("CREATE DATABASE %s TEMPLATE %s STRATEGY %s".formatted(name, template, STRATEGY));
    return new Database(this, target(name));
  }

  void drop(Database database) {
    admin("DROP DATABASE IF EXISTS " + database.name() + " WITH (FORCE)");
  }

  /** The server, by its first database. */
  Target server() {
    return server;
  }

  void admin(String sql) {
    try (Database postgres = new Database(null, server)) {
      postgres.run(sql);
    }
  }

  Map<String, Object> version() {
    try (Database postgres = new Database(null, server)) {
      return postgres.row(
          """
          SELECT current_setting('server_version') AS version,
                 current_setting('fsync') AS fsync,
                 current_setting('synchronous_commit') AS synchronous_commit,
                 current_setting('shared_buffers') AS shared_buffers,
                 current_setting('min_wal_size') AS min_wal_size,
                 current_setting('max_wal_size') AS max_wal_size
          """);
    }
  }

  private Target target(String database) {
    return new Target(server.host(), server.port(), server.user(), server.password(), database);
  }

  @Override
  public void close() {
    templates.values().forEach(this::drop);
    templates.clear();
  }
}
