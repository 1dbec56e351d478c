package io.shigoto.internal.postgres;

import io.r2dbc.spi.Connection;
import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The schema, in numbered steps. Each step runs once, all that are missing in one transaction,
 * under an advisory lock: so any number of nodes may start at once, and a step that fails leaves
 * nothing behind.
 */
public final class Migrations {

  private static final Logger LOG = LoggerFactory.getLogger(Migrations.class);
  private static final List<String> STEPS = List.of("V001__engine");

  private final String schema;
  private final List<String> texts;

  public Migrations(String schema) {
    this.schema = schema;
    this.texts =
        STEPS.stream().map(step -> Sql.read("migrations/" + step + ".sql", schema)).toList();
  }

  /**
   * The whole DDL, for people who apply it with a tool of their own. It records its steps as
   * applied.
   */
  public static String ddl(String schema) {
    Migrations all = new Migrations(Sql.requireSchema(schema));
    return all.prelude()
        + STEPS.stream()
            .map(step -> all.text(step) + "\n\n" + all.recorded(step))
            .collect(Collectors.joining("\n"));
  }

  /**
   * Applies what is missing. Errors: {@link IllegalStateException} if the schema is newer than this
   * library.
   */
  public Mono<Void> run(Database database) {
    return database
        .use(
            connection ->
                newest(connection)
                    .flatMap(
                        found ->
                            found == STEPS.size()
                                ? Mono.just(found)
                                : requireNotNewer(found).then(apply(connection))))
        .then();
  }

  private Mono<Integer> apply(Connection connection) {
    return Mono.from(connection.beginTransaction())
        .then(
            Database.run(
                connection, "SELECT pg_advisory_xact_lock(hashtext('" + schema + "'), 7244)"))
        .then(Database.run(connection, prelude()))
        .then(newest(connection))
        .delayUntil(
            found ->
                requireNotNewer(found)
                    .thenMany(Flux.fromIterable(STEPS).skip(found))
                    .concatMap(step -> apply(connection, step)))
        .delayUntil(found -> Mono.from(connection.commitTransaction()));
  }

  private Mono<Void> apply(Connection connection, String step) {
    return Database.run(connection, text(step) + ";\n" + recorded(step))
        .doOnSuccess(applied -> LOG.info("migrated: schema={} step={}", schema, step));
  }

  private Mono<Void> requireNotNewer(int found) {
    return found <= STEPS.size()
        ? Mono.empty()
        : Mono.error(
            () ->
                new IllegalStateException(
                    "schema %s is at version %d, made by a newer release; this one knows versions up to %d"
                        .formatted(schema, found, STEPS.size())));
  }

  private Mono<Integer> newest(Connection connection) {
    Sql exists = new Sql("migrations_exist", "SELECT to_regclass($1) IS NOT NULL");
    Sql newest =
        new Sql(
            "newest_migration",
            "SELECT coalesce(max(version), 0) FROM " + schema + ".migrations WHERE version > $1");
    return Database.list(
            connection,
            exists,
            bind -> bind.bind(0, schema + ".migrations"),
            row -> Boolean.TRUE.equals(row.get(0, Boolean.class)))
        .flatMap(
            found ->
                found.get(0)
                    ? Database.list(
                            connection,
                            newest,
                            bind -> bind.bind(0, 0),
                            row -> row.get(0, Integer.class))
                        .map(versions -> versions.get(0))
                    : Mono.just(0));
  }

  private String prelude() {
    return """
        CREATE SCHEMA IF NOT EXISTS %1$s;
        CREATE TABLE IF NOT EXISTS %1$s.migrations (
          version    integer PRIMARY KEY,
          name       text NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT now()
        );

        """
        .formatted(schema);
  }

  private String text(String step) {
    return texts.get(STEPS.indexOf(step));
  }

  private String recorded(String step) {
    return "INSERT INTO %s.migrations (version, name) VALUES (%d, '%s');\n"
        .formatted(schema, STEPS.indexOf(step) + 1, step);
  }
}
