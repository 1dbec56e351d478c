package io.shigoto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.LogCapture;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class MigrationsIT {

  record Greeting(String to) {}

  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** Everything that a schema has, by kind, name and definition. */
  private static final String CATALOG =
      """
      SELECT 'column' AS kind, table_name || '.' || column_name AS name,
             concat_ws(' ', ordinal_position, data_type, udt_name, domain_name, is_nullable, column_default, is_identity) AS what
        FROM information_schema.columns WHERE table_schema = $1
      UNION ALL
      SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = $1
      UNION ALL
      SELECT 'constraint', concat(conrelid::regclass, contypid::regtype, '.', conname), pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = $1::regnamespace
      UNION ALL
      SELECT 'trigger', tgname, pg_get_triggerdef(trigger.oid)
        FROM pg_trigger AS trigger JOIN pg_class AS class ON class.oid = tgrelid
       WHERE relnamespace = $1::regnamespace AND NOT tgisinternal
      UNION ALL
      SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = $1::regnamespace
      UNION ALL
      SELECT 'storage', relname, reloptions::text FROM pg_class
       WHERE relnamespace = $1::regnamespace AND reloptions IS NOT NULL
      UNION ALL
      SELECT 'view', viewname, definition FROM pg_views WHERE schemaname = $1
      UNION ALL
      SELECT 'type', enumlabel, enumsortorder::text
        FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid WHERE typnamespace = $1::regnamespace
      ORDER BY 1, 2, 3
      """;

  @RegisterExtension final Nodes nodes = new Nodes();

  private final TestDatabase db = TestDatabase.createEmpty(PostgresServer.shared());

  @AfterEach
  void drop() {
    db.drop();
  }

  @Test
  void nodesThatStartAtOnceMigrateOnce() {
    List<Shigoto> all =
        Flux.range(0, 4).map(i -> nodes.build(builder())).collectList().block(LIMIT);

    Flux.fromIterable(all).flatMap(Shigoto::start).blockLast(LIMIT);

    assertThat(db.number("SELECT count(*) - max(version) FROM shigoto.migrations")).isZero();
  }

  @Test
  void aSecondStartFindsNothingToDo() {
    nodes.start(builder());
    List<Map<String, @Nullable Object>> before = migrations();

    assertThat(migratedBy(builder())).isEmpty();

    assertThat(migrations()).isEqualTo(before).isNotEmpty();
  }

  /** The version of a step is its place among them: so a new file has to be the last. */
  @Test
  void theStepsAreTheFilesInTheirOrder() throws IOException {
    nodes.start(builder());

    try (Stream<Path> files = Files.list(Path.of("src/main/resources/io/shigoto/sql/migrations"))) {
      assertThat(migrations())
          .extracting(row -> row.get("name") + ".sql")
          .containsExactlyElementsOf(
              files.map(file -> file.getFileName().toString()).sorted().skip(1).toList());
    }
    assertThat(newest()).isEqualTo(migrations().size());
  }

  @Test
  void aSchemaThatIsNewerThanTheLibraryIsRefused() {
    nodes.start(builder());
    db.sql("INSERT INTO shigoto.migrations (version, name) VALUES (999, 'V999__future')");

    assertThatThrownBy(() -> nodes.build(builder()).start().block(LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("schema shigoto is at version 999, made by a newer release");
  }

  @Test
  void aNewerSchemaIsRefusedWithoutMigrationsToo() {
    nodes.start(builder());
    db.sql("INSERT INTO shigoto.migrations (version, name) VALUES (999, 'V999__future')");

    assertRefusedUntouched(
        "schema shigoto is at version 999, made by a newer release; this one knows versions up to "
            + newest());
  }

  @Test
  void anOlderSchemaIsRefusedWithoutMigrations() {
    nodes.start(builder());
    long newest = newest();
    db.sql("DELETE FROM shigoto.migrations WHERE version = " + newest);

    assertRefusedUntouched(
        "schema shigoto is at version %d, but this release needs version %d"
            .formatted(newest - 1, newest));
  }

  @Test
  void anAbsentSchemaIsRefusedWithoutMigrationsUntilItIsThere() {
    Shigoto node = nodes.build(builder().withoutMigrations());
    assertThatThrownBy(() -> node.start().block(LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("schema shigoto has no tables (version 0), but this release needs");
    assertThat(db.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'shigoto'")).isZero();

    db.sql(Shigoto.ddl("shigoto"));
    node.start().block(LIMIT);

    assertThat(node.health().block(LIMIT).phase()).isEqualTo(Health.Phase.RUNNING);
  }

  @Test
  void theDdlAppliedByHandIsTheMigratedSchema() {
    TestDatabase byHand = TestDatabase.createEmpty(PostgresServer.shared());
    byHand.sql(Shigoto.ddl("shigoto"));
    nodes.start(builder());
    nodes.start(Shigoto.builder(byHand.connectionFactory()).withoutMigrations());

    assertThat(byHand.sql(CATALOG, "shigoto")).isEqualTo(db.sql(CATALOG, "shigoto"));
    assertThat(migratedBy(Shigoto.builder(byHand.connectionFactory()))).isEmpty();
    nodes.afterEach(null);
    byHand.drop();
  }

  @Test
  void itIsMigratedAtAnyDefaultIsolation() {
    db.sql("ALTER DATABASE " + db.name() + " SET default_transaction_isolation = 'serializable'");

    nodesThatStartAtOnceMigrateOnce();
  }

  @Test
  void jobsLiveInAnySchema() {
    Shigoto node =
        nodes.start(
            builder()
                .schema("work_1")
                .worker(Worker.of("greet", Greeting.class, job -> Mono.just(Outcome.done("hello"))))
                .queue("default", 2)
                .pollInterval(Duration.ofHours(1)));

    long enqueued = node.enqueue(NewJob.of("greet", new Greeting("Ada"))).block(LIMIT).id();
    long inserted =
        db.number(
            "INSERT INTO work_1.jobs (queue, worker) VALUES ('default', 'greet') RETURNING id");
    long later =
        node.enqueue(NewJob.of("greet", new Greeting("Ada")).delay(Duration.ofMillis(50)))
            .block(LIMIT)
            .id();

    for (long id : new long[] {enqueued, inserted, later}) {
      Await.until(
          "job " + id + " completes without a poll",
          LIMIT,
          () -> node.jobs().find(id).block(LIMIT).state() == JobState.COMPLETED);
    }
    assertThat(db.number("SELECT count(*) FROM pg_namespace WHERE nspname = 'shigoto'")).isZero();
  }

  @Test
  void schemasInOneDatabaseKnowNothingOfEachOther() {
    Shigoto one = nodes.start(builder().schema("one"));
    Shigoto two = nodes.start(builder().schema("two"));

    long id = one.enqueue(NewJob.of("greet", new Greeting("Ada"))).block(LIMIT).id();

    assertThat(one.jobs().find(id).block(LIMIT)).isNotNull();
    assertThat(two.jobs().find(id).block(LIMIT)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Upper",
        "with-dash",
        "1st",
        "a.b",
        "x'; DROP TABLE y; --",
        "user",
        "loop",
        "pg_jobs"
      })
  void aNameThatCannotStandWithoutQuotesIsRefused(String schema) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder().schema(schema))
        .withMessageContaining("'" + schema + "'");
    assertThatIllegalArgumentException().isThrownBy(() -> Shigoto.ddl(schema));
  }

  @Test
  void migrationsThatWereRefusedCanBeTriedAgain() {
    Shigoto node = nodes.build(builder().schema("refused_once"));
    db.sql(
        """
        CREATE FUNCTION no_ddl() RETURNS event_trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'not now'; END $$
        """);
    db.sql("CREATE EVENT TRIGGER no_ddl ON ddl_command_start EXECUTE FUNCTION no_ddl()");

    assertThatThrownBy(() -> node.start().block(LIMIT)).hasMessageContaining("not now");
    db.sql("DROP EVENT TRIGGER no_ddl");
    node.start().block(LIMIT);

    assertThat(node.enqueue(NewJob.of("greet", new Greeting("Ada"))).block(LIMIT)).isNotNull();
  }

  @Test
  void noWordThatTheServerReservesIsASchemasName() {
    List<String> reserved =
        db.sql("SELECT word FROM pg_get_keywords() WHERE catcode <> 'U'").stream()
            .map(row -> (String) row.get("word"))
            .toList();

    assertThat(reserved).hasSizeGreaterThan(90);
    assertThat(reserved)
        .allSatisfy(
            word ->
                assertThatIllegalArgumentException()
                    .isThrownBy(() -> builder().schema(word))
                    .withMessageContaining("'" + word + "'"));
  }

  /** By a node that is not to migrate. */
  private void assertRefusedUntouched(String why) {
    nodes.afterEach(null);
    List<Map<String, @Nullable Object>> before = db.sql(CATALOG, "shigoto");
    long joined = db.number("SELECT count(*) FROM shigoto.nodes");

    assertThatThrownBy(() -> nodes.build(builder().withoutMigrations()).start().block(LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(why);

    assertThat(db.sql(CATALOG, "shigoto")).isEqualTo(before);
    assertThat(db.number("SELECT count(*) FROM shigoto.nodes")).isEqualTo(joined);
  }

  private long newest() {
    return db.number("SELECT max(version) FROM shigoto.migrations WHERE version < 999");
  }

  private ShigotoBuilder builder() {
    return Shigoto.builder(db.connectionFactory());
  }

  private List<Map<String, @Nullable Object>> migrations() {
    return db.sql(
        "SELECT version, name, applied_at::text FROM shigoto.migrations ORDER BY version");
  }

  private List<String> migratedBy(ShigotoBuilder builder) {
    try (LogCapture log = LogCapture.start()) {
      nodes.start(builder);
      return log.messages(Level.INFO).stream().filter(line -> line.contains("migrated")).toList();
    }
  }
}
