package io.shigoto.support;

import io.r2dbc.postgresql.PostgresqlConnectionFactoryProvider;
import io.r2dbc.postgresql.client.SSLMode;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryOptions;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A real PostgreSQL: an embedded one that this JVM started, or the one that {@code SHIGOTO_URL}
 * names ({@code r2dbc:postgresql://user:password@host:port/db}).
 *
 * <p>The embedded one runs on Linux (as root too) and macOS; elsewhere name a server.
 *
 * <p>Every method blocks until what it names is done. An embedded server ends with its JVM, however
 * that ends, and its data directory is deleted then.
 */
public final class PostgresServer implements AutoCloseable {

  /** The environment variable that names a server to use instead of the embedded one. */
  public static final String URL_VARIABLE = "SHIGOTO_URL";

  private static final String LOOPBACK = "127.0.0.1";
  private static final String SUPERUSER = "postgres";

  /**
   * Nothing of this server has to survive a crash of the machine, so it need not wait for disks.
   */
  private static final Map<String, String> FAST =
      Map.of("fsync", "off", "full_page_writes", "off", "synchronous_commit", "on");

  /** An acknowledged commit survives {@link #kill()}, as in production. */
  private static final Map<String, String> DURABLE =
      Map.of("fsync", "on", "full_page_writes", "on", "synchronous_commit", "on");

  private final ConnectionFactoryOptions options;
  private final @Nullable PostgresProcess process;

  private PostgresServer(ConnectionFactoryOptions options, @Nullable PostgresProcess process) {
    this.options = options;
    this.process = process;
  }

  /** The server that all tests of this JVM share; it does not survive crashes. */
  public static PostgresServer shared() {
    return Shared.SERVER;
  }

  /** Starts an embedded server of the caller's own, with {@code fsync} on. */
  public static PostgresServer start() {
    return start(Map.of());
  }

  /** As {@link #start()}, with more or other settings of {@code postgresql.conf}. */
  public static PostgresServer start(Map<String, String> settings) {
    return embedded(DURABLE, settings);
  }

  /**
   * The server named by {@value #URL_VARIABLE}, or an embedded one as {@link #start()} gives: for
   * programs, such as benchmarks, that use one server and show its real speed.
   */
  public static PostgresServer namedOrStart() {
    @Nullable PostgresServer named = named();
    return named == null ? start() : named;
  }

  /** Options that connect to the database {@code postgres}, or to the one in the given URL. */
  public ConnectionFactoryOptions options() {
    return options;
  }

  /** The options of another database on this server. */
  public ConnectionFactoryOptions options(String database) {
    return options.mutate().option(ConnectionFactoryOptions.DATABASE, database).build();
  }

  /** A plain factory, without a pool, for {@link #options()}. */
  public ConnectionFactory connectionFactory() {
    return ConnectionFactories.get(options);
  }

  /** Whether this server was given by {@value #URL_VARIABLE} and so cannot be stopped here. */
  public boolean isExternal() {
    return process == null;
  }

  /** Stops at once, without a checkpoint, and starts again on the same port and data. */
  public void restartImmediate() {
    stopImmediate();
    startAgain();
  }

  /** Ends all backends without a checkpoint; the next start recovers from the log. */
  public void stopImmediate() {
    process().stop("immediate");
  }

  /** Kills every process of the server with signal 9, as a crash of the machine would. */
  public void kill() {
    process().kill();
  }

  /** Starts a stopped or killed server on the same port and data directory. */
  public void startAgain() {
    process().start();
  }

  /** What the server wrote to its log so far. */
  public String log() {
    return process().log();
  }

  /** Stops the server and deletes its data; a server that was given stays as it is. */
  @Override
  public void close() {
    if (process != null) {
      process.close();
    }
  }

  private PostgresProcess process() {
    if (process == null) {
      throw new IllegalStateException(
          "the server named by " + URL_VARIABLE + " is not ours to stop: use start()");
    }
    return process;
  }

  private static PostgresServer embedded(
      Map<String, String> settings, Map<String, String> moreSettings) {
    PostgresProcess process = PostgresProcess.create(LOOPBACK, SUPERUSER, settings, moreSettings);
    process.start();
    ConnectionFactoryOptions options =
        ConnectionFactoryOptions.builder()
            .option(ConnectionFactoryOptions.DRIVER, "postgresql")
            .option(ConnectionFactoryOptions.HOST, LOOPBACK)
            .option(ConnectionFactoryOptions.PORT, process.port())
            .option(ConnectionFactoryOptions.USER, SUPERUSER)
            .option(ConnectionFactoryOptions.PASSWORD, SUPERUSER)
            .option(ConnectionFactoryOptions.DATABASE, "postgres")
            .option(PostgresqlConnectionFactoryProvider.SSL_MODE, SSLMode.DISABLE)
            .build();
    return new PostgresServer(options, process);
  }

  private static @Nullable PostgresServer named() {
    @Nullable String url = System.getenv(URL_VARIABLE);
    if (url == null || url.isBlank()) {
      return null;
    }
    return new PostgresServer(ConnectionFactoryOptions.parse(url), null);
  }

  /** Started on first use. */
  private static final class Shared {
    private static final PostgresServer SERVER = find();

    private static PostgresServer find() {
      @Nullable PostgresServer named = named();
      return named == null ? embedded(FAST, Map.of()) : named;
    }
  }
}
