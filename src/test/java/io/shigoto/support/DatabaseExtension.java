package io.shigoto.support;

import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryOptions;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import reactor.core.publisher.Mono;

/**
 * A {@link TestDatabase} for each test class, whose tables are emptied before each test.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final DatabaseExtension db = new DatabaseExtension("jobs", factory -> migrate(factory));
 * }</pre>
 */
public final class DatabaseExtension
    implements BeforeAllCallback, BeforeEachCallback, AfterTestExecutionCallback, AfterAllCallback {

  private static final String SCHEMA = "shigoto";
  private static final String KEPT_TABLE = "migrations";

  private final Supplier<PostgresServer> server;
  private final String templateName;
  private final Function<ConnectionFactory, Mono<Void>> fillTemplate;
  private @Nullable TestDatabase database;

  /** Databases on the {@linkplain PostgresServer#shared() shared server}. */
  public DatabaseExtension(
      String templateName, Function<ConnectionFactory, Mono<Void>> fillTemplate) {
    this(PostgresServer::shared, templateName, fillTemplate);
  }

  /** Databases on a server that the test class may stop; asked for before the first test. */
  public DatabaseExtension(
      Supplier<PostgresServer> server,
      String templateName,
      Function<ConnectionFactory, Mono<Void>> fillTemplate) {
    this.server = server;
    this.templateName = templateName;
    this.fillTemplate = fillTemplate;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    database = TestDatabase.create(server.get(), templateName, fillTemplate);
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    truncate();
  }

  /** Who reads of a failure sees what there was in the database. */
  @Override
  public void afterTestExecution(ExtensionContext context) {
    context
        .getExecutionException()
        .ifPresent(failure -> failure.addSuppressed(AtFailure.of(database())));
  }

  @Override
  public void afterAll(ExtensionContext context) {
    if (database != null) {
      database.drop();
      database = null;
    }
  }

  /** The database of this test class. */
  public TestDatabase database() {
    if (database == null) {
      throw new IllegalStateException("no test of this class runs; is the field static?");
    }
    return database;
  }

  /** See {@link TestDatabase#options()}. */
  public ConnectionFactoryOptions options() {
    return database().options();
  }

  /** See {@link TestDatabase#connectionFactory()}. */
  public ConnectionFactory connectionFactory() {
    return database().connectionFactory();
  }

  /** See {@link TestDatabase#sql(String, Object...)}. */
  public List<Map<String, @Nullable Object>> sql(String sql, Object... arguments) {
    return database().sql(sql, arguments);
  }

  /** See {@link TestDatabase#number(String, Object...)}. */
  public long number(String sql, Object... arguments) {
    return database().number(sql, arguments);
  }

  /** Empties the tables of the library, except the record of its migrations. */
  public void truncate() {
    database().truncate(SCHEMA, KEPT_TABLE);
  }
}
