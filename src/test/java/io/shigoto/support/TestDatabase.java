package io.shigoto.support;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Row;
import io.r2dbc.spi.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A fresh database, cloned from a template that is filled once per JVM.
 *
 * <p>Cloning takes some ten milliseconds, whatever the template took to fill.
 */
public final class TestDatabase {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final Map<String, String> TEMPLATES = new ConcurrentHashMap<>();

  private static final AtomicInteger MADE = new AtomicInteger();

  /** On a server that outlives this JVM, names must not meet those of another JVM. */
  private static final String JVM = UUID.randomUUID().toString().substring(0, 8);

  private final PostgresServer server;
  private final String name;

  private TestDatabase(PostgresServer server, String name) {
    this.server = server;
    this.name = name;
  }

  /**
   * Makes a database as {@code fillTemplate} left the template of that name.
   *
   * @param templateName says what the template holds; lower-case letters, digits and underscores
   * @param fillTemplate runs once for each server and name of this JVM; it gets an empty database
   *     and must give back the connections that it took
   */
  public static TestDatabase create(
      PostgresServer server,
      String templateName,
      Function<ConnectionFactory, Mono<Void>> fillTemplate) {
    String template =
        TEMPLATES.computeIfAbsent(
            System.identityHashCode(server)
                + "/"
                + templateName
                + "/"
                // The same code with something changed fills another template.
                + System.identityHashCode(fillTemplate.getClass().getClassLoader()),
            key -> makeTemplate(server, templateName, fillTemplate));
    return clone(server, template);
  }

  /** Makes an empty database. */
  public static TestDatabase createEmpty(PostgresServer server) {
    return clone(server, "template1");
  }

  /** The name of the database. */
  public String name() {
    return name;
  }

  /** The server that holds it. */
  public PostgresServer server() {
    return server;
  }

  /** Options that connect to this database. */
  public ConnectionFactoryOptions options() {
    return server.options(name);
  }

  /** A plain factory, without a pool, for {@link #options()}. */
  public ConnectionFactory connectionFactory() {
    return ConnectionFactories.get(options());
  }

  /**
   * Runs SQL on a connection of its own and returns all rows, by column label.
   *
   * <p>Without arguments the text may hold several statements. Arguments stand for {@code $1},
   * {@code $2} and so on.
   */
  public List<Map<String, @Nullable Object>> sql(String sql, Object... arguments) {
    return run(options(), sql, arguments);
  }

  /** The number that a query with one row and one column answers. */
  public long number(String sql, Object... arguments) {
    List<Map<String, @Nullable Object>> rows = sql(sql, arguments);
    if (rows.size() == 1 && rows.get(0).size() == 1) {
      @Nullable Object only = rows.get(0).values().iterator().next();
      if (only instanceof Number number) {
        return number.longValue();
      }
    }
    throw new IllegalArgumentException("not one number: " + sql + " gave " + rows);
  }

  /** Empties every table of a schema, except those named. */
  public void truncate(String schema, String... exceptTables) {
    List<Map<String, @Nullable Object>> tables =
        sql(
            """
            SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') AS names
            FROM pg_tables
            WHERE schemaname = $1 AND tablename <> ALL ($2)
            """,
            schema, exceptTables);
    @Nullable Object names = tables.get(0).get("names");
    if (names != null) {
      // Whoever still works in this database is named by an error, not by a hanging build.
      sql("SET lock_timeout = '10s'; TRUNCATE " + names + " RESTART IDENTITY CASCADE");
    }
  }

  /** Deletes the database, whoever is still connected to it. */
  public void drop() {
    run(server.options(), "DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
  }

  private static TestDatabase clone(PostgresServer server, String template) {
    String name = "test_" + UUID.randomUUID().toString().replace("-", "").substring(0, 12);
    run(server.options(), "CREATE DATABASE " + name + " TEMPLATE " + template);
    return new TestDatabase(server, name);
  }

  private static String makeTemplate(
      PostgresServer server, String name, Function<ConnectionFactory, Mono<Void>> fill) {
    String template = "template_" + name + "_" + JVM + "_" + MADE.incrementAndGet();
    run(server.options(), "CREATE DATABASE " + template);
    if (server.isExternal()) {
      TestDatabase made = new TestDatabase(server, template);
      Runtime.getRuntime().addShutdownHook(new Thread(made::drop, "drop-" + template));
    }
    fill.apply(ConnectionFactories.get(server.options(template))).block(LIMIT);
    // Nobody may be connected to a database that is cloned.
    run(server.options(), "ALTER DATABASE " + template + " ALLOW_CONNECTIONS false");
    run(
        server.options(),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
        template);
    return template;
  }

  private static List<Map<String, @Nullable Object>> run(
      ConnectionFactoryOptions options, String sql, Object... arguments) {
    @Nullable List<Map<String, @Nullable Object>> rows =
        Flux.usingWhen(
                ConnectionFactories.get(options).create(),
                connection -> rows(connection, sql, arguments),
                Connection::close)
            .collectList()
            .block(LIMIT);
    return rows == null ? List.of() : rows;
  }

  private static Flux<Map<String, @Nullable Object>> rows(
      Connection connection, String sql, Object... arguments) {
    Statement statement = connection.createStatement(sql);
    for (int i = 0; i < arguments.length; i++) {
      statement.bind(i, arguments[i]);
    }
    return Flux.from(statement.execute())
        .concatMap(result -> result.map((row, metadata) -> byLabel(row)));
  }

  private static Map<String, @Nullable Object> byLabel(Row row) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    row.getMetadata()
        .getColumnMetadatas()
        .forEach(column -> values.put(column.getName(), row.get(column.getName())));
    return values;
  }
}
