package io.shigoto.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.Shigoto;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class StatementsIT {

  private static final Path FILES = Path.of("src/main/resources/io/shigoto/sql");
  private static final List<String> SCHEMAS = List.of("shigoto", "another_1");

  private static TestDatabase db;

  @BeforeAll
  static void migrate() {
    db = TestDatabase.createEmpty(PostgresServer.shared());
    SCHEMAS.forEach(schema -> db.sql(Shigoto.ddl(schema)));
    db.sql(
        """
        CREATE FUNCTION public.accept(statement text) RETURNS void LANGUAGE plpgsql AS $body$
        BEGIN
          EXECUTE CASE WHEN statement ~* '^(SELECT|WITH|INSERT|UPDATE|DELETE)' THEN 'PREPARE it AS ' ELSE '' END
            || statement;
          IF EXISTS (
            SELECT FROM pg_prepared_statements AS it,
                   jsonb_array_elements_text(nullif(to_jsonb(it) -> 'result_types', 'null')) AS result
              JOIN pg_type AS many ON many.oid = result::regtype
              JOIN pg_type AS one ON one.oid = many.typelem
             WHERE one.typtype = 'd')
          THEN
            RAISE EXCEPTION 'no driver knows an array of a domain';
          END IF;
          RAISE EXCEPTION 'taken back' USING ERRCODE = 'TBACK';
        EXCEPTION WHEN SQLSTATE 'TBACK' THEN
          IF EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'it') THEN
            DEALLOCATE it;
          END IF;
        END $body$
        """);
  }

  @AfterAll
  static void drop() {
    db.drop();
  }

  @Test
  void everyFileIsAStatement() throws IOException {
    try (Stream<Path> files = Files.list(FILES)) {
      List<String> names =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".sql"))
              .map(name -> name.replace(".sql", ""))
              .toList();
      assertThat(new Statements("shigoto").all())
          .extracting(Sql::name)
          .containsExactlyInAnyOrderElementsOf(names);
    }
  }

  static Stream<Sql> statements() {
    return SCHEMAS.stream().flatMap(schema -> new Statements(schema).all().stream());
  }

  @ParameterizedTest
  @MethodSource("statements")
  void theServerAcceptsIt(Sql statement) {
    String day =
        statement.name().equals("thin_day") ? "job_history_default" : "job_history_20000101";
    String text =
        statement
            .text()
            .replace("{name}", day)
            .replace("{day}", "2000-01-01")
            .replace("{next_day}", "2000-01-02")
            .replace("{version}", "4711");

    db.sql("SELECT public.accept($1)", text);
  }

  @Test
  void nothingOfAnotherSchemaIsNamed() {
    assertThat(new Statements("another_1").all())
        .allSatisfy(sql -> assertThat(sql.text()).doesNotContain("shigoto"));
    assertThat(Shigoto.ddl("another_1")).doesNotContain("shigoto");
  }

  @ParameterizedTest
  @MethodSource("files")
  void itsHeaderSaysWhatItLocksAndReliesOn(Path file) throws IOException {
    String header =
        Files.readAllLines(file).stream()
            .takeWhile(line -> line.startsWith("--"))
            .reduce("", (all, line) -> all + line + "\n");
    String body = Files.readString(file).substring(header.length());

    assertThat(header).as(file.toString()).contains("Locks:");
    for (int i = 1; body.contains("$" + i); i++) {
      assertThat(header).as(file.toString()).contains("$" + i + " ");
    }
  }

  static List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FILES)) {
      return files.filter(file -> file.toString().endsWith(".sql")).toList();
    }
  }
}
