package io.shigoto.support;

import io.r2dbc.postgresql.PostgresqlConnectionFactoryProvider;
import io.r2dbc.postgresql.client.SSLMode;
import io.r2dbc.spi.ConnectionFactoryOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A PgBouncer in transaction mode before a server: the real one, where it is installed. */
public final class Pooler implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String LOOPBACK = "127.0.0.1";
  private static final List<Path> PLACES =
      List.of(
          Path.of("/usr/sbin/pgbouncer"),
          Path.of("/usr/bin/pgbouncer"),
          Path.of("/usr/local/bin/pgbouncer"),
          Path.of("/opt/homebrew/bin/pgbouncer"));

  private final Path directory;
  private final Process process;
  private final int port;

  private Pooler(Path directory, Process process, int port) {
    this.directory = directory;
    this.process = process;
    this.port = port;
  }

  /**
   * Starts one; the test is skipped where PgBouncer is not installed.
   *
   * @param connections how many connections to the server all its clients share
   */
  public static Pooler before(ConnectionFactoryOptions server, int connections) {
    List<Path> found = PLACES.stream().filter(Files::isExecutable).toList();
    Assumptions.assumeFalse(found.isEmpty(), "PgBouncer is not installed");
    try {
      Path directory = Files.createTempDirectory("shigoto-pooler");
      int port = FreePort.find();
      PostgresUser user = PostgresUser.find();
      Path settings = directory.resolve("pgbouncer.ini");
      Files.writeString(settings, settings(server, port, connections));
      user.own(directory);
      user.own(settings);
      Process process =
          new ProcessBuilder(user.command(found.get(0), List.of(settings.toString())))
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("log").toFile())
              .start();
      Pooler pooler = new Pooler(directory, process, port);
      Await.until("PgBouncer listens", LIMIT, pooler::listens);
      return pooler;
    } catch (IOException e) {
      throw new UncheckedIOException("PgBouncer could not be started", e);
    }
  }

  /** The same options by way of the pooler, as its users have to give them. */
  public ConnectionFactoryOptions options(ConnectionFactoryOptions direct) {
    return direct
        .mutate()
        .option(ConnectionFactoryOptions.HOST, LOOPBACK)
        .option(ConnectionFactoryOptions.PORT, port)
        .option(PostgresqlConnectionFactoryProvider.SSL_MODE, SSLMode.DISABLE)
        .option(PostgresqlConnectionFactoryProvider.PREPARED_STATEMENT_CACHE_QUERIES, 0)
        .build();
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
    try {
      Trees.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException("what PgBouncer left could not be deleted", e);
    }
  }

  private static String settings(ConnectionFactoryOptions server, int port, int connections) {
    @Nullable Object serverPort = server.getValue(ConnectionFactoryOptions.PORT);
    @Nullable Object password = server.getValue(ConnectionFactoryOptions.PASSWORD);
    Map<String, Object> to =
        Map.of(
            "host",
            server.getRequiredValue(ConnectionFactoryOptions.HOST),
            "port",
            serverPort == null ? 5432 : serverPort,
            "user",
            server.getRequiredValue(ConnectionFactoryOptions.USER),
            "password",
            password == null ? "" : password);
    StringBuilder database = new StringBuilder("* =");
    to.forEach(
        (key, value) -> database.append(' ').append(key).append("='").append(value).append('\''));
    return """
        [databases]
        %s
        [pgbouncer]
        listen_addr = %s
        listen_port = %d
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        default_pool_size = %d
        max_client_conn = 200
        ignore_startup_parameters = extra_float_digits
        """
        .formatted(database, LOOPBACK, port, connections);
  }

  private boolean listens() {
    if (!process.isAlive()) {
      throw new IllegalStateException("PgBouncer did not start:\n" + log());
    }
    return log().contains("listening on");
  }

  private String log() {
    try {
      return Files.readString(directory.resolve("log"));
    } catch (IOException e) {
      throw new UncheckedIOException("the log of PgBouncer cannot be read", e);
    }
  }
}
