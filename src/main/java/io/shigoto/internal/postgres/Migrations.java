package io.shigoto.internal.postgres;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.IsolationLevel;
import java.util.List;
import java.util.Objects;
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
  private static final String PRELUDE = "V000__migrations";

  /**
   * Append only: the version that a step is recorded as is its place in here, from 1, and not the
   * number of its file. The files have gaps; a new one is numbered above all others.
   */
  private static final List<String> STEPS =
      List.of(
          "V001__engine",
          "V002__unique_keys",
          "V003__special_enqueue",
          "V004__dependencies",
          "V005__batches",
          "V006__queues",
          "V007__limits",
          "V008__rates",
          "V010__broadcasts",
          "V015__control");

  private final Statements sql;
  private final String prelude;
  private final List<String> steps;

  public Migrations(Statements sql) {
    this.sql = sql;
    this.prelude = read(PRELUDE).replace("{schema}", sql.schema());
    this.steps = STEPS.stream().map(step -> read(step) + ";\n\n" + recorded(step)).toList();
  }

  /**
   * The whole DDL, for people who apply it with a tool of their own. It records its steps as
   * applied.
   */
  public static String ddl(String schema) {
    Migrations all = new Migrations(new Statements(schema));
    return all.prelude + "\n\n" + String.join("\n", all.steps);
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

  /**
   * Only looks. Errors: {@link IllegalStateException} if the schema is not of this library's
   * version.
   */
  public Mono<Void> check(Database database) {
    return database
        .use(
            connection ->
                newest(connection)
                    .delayUntil(this::requireNotNewer)
                    .delayUntil(this::requireNotOlder))
        .then();
  }

  private Mono<Integer> apply(Connection connection) {
    // Whoever waited for the lock has to see what its holder committed.
    return Mono.from(connection.beginTransaction(IsolationLevel.READ_COMMITTED))
        .then(lock(connection))
        .then(Database.run(connection, prelude))
        .then(newest(connection))
        .delayUntil(
            found ->
                requireNotNewer(found)
                    .thenMany(Flux.fromIterable(STEPS).skip(found))
                    .concatMap(step -> apply(connection, step)))
        .delayUntil(found -> Mono.from(connection.commitTransaction()));
  }

  private Mono<Boolean> lock(Connection connection) {
    return Database.list(
            connection, sql.get("lock_migrations"), bind -> bind.bind(0, sql.schema()), row -> true)
        .map(locked -> true);
  }

  private Mono<Void> apply(Connection connection, String step) {
    return Database.run(connection, steps.get(STEPS.indexOf(step)))
        .doOnSuccess(
            applied ->
                LOG.atInfo()
                    .addKeyValue("schema", sql.schema())
                    .addKeyValue("step", step)
                    .log("migrated"));
  }

  private Mono<Void> requireNotNewer(int found) {
    return found <= STEPS.size()
        ? Mono.empty()
        : Mono.error(
            () ->
                new IllegalStateException(
                    "schema %s is at version %d, made by a newer release; this one knows versions up to %d"
                        .formatted(sql.schema(), found, STEPS.size())));
  }

  private Mono<Void> requireNotOlder(int found) {
    return found >= STEPS.size()
        ? Mono.empty()
        : Mono.error(
            () ->
                new IllegalStateException(
                    "schema %s %s, but this release needs version %d: apply what is missing of Shigoto.ddl, or let start() do it, without withoutMigrations()"
                        .formatted(
                            sql.schema(),
                            found == 0 ? "has no tables (version 0)" : "is at version " + found,
                            STEPS.size())));
  }

  private Mono<Integer> newest(Connection connection) {
    return Database.list(
            connection,
            sql.get("migrations_exist"),
            bind -> bind.bind(0, sql.schema() + ".migrations"),
            row -> Boolean.TRUE.equals(row.get(0, Boolean.class)))
        .flatMap(exist -> exist.get(0) ? newestApplied(connection) : Mono.just(0));
  }

  private Mono<Integer> newestApplied(Connection connection) {
    return Database.list(
            connection,
            sql.get("newest_migration"),
            bind -> bind.bind(0, 0),
            row -> Objects.requireNonNull(row.get(0, Integer.class)))
        .map(versions -> versions.get(0));
  }

  private String read(String step) {
    return Sql.read("migrations/" + step + ".sql", sql.schema());
  }

  private String recorded(String step) {
    return sql.get("record_migration")
            .with("version", String.valueOf(STEPS.indexOf(step) + 1))
            .with("name", step)
            .text()
        + ";\n";
  }
}
