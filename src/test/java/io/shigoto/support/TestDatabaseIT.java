package io.shigoto.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Result;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TestDatabaseIT {

  private static final AtomicInteger fills = new AtomicInteger();

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("support", TestDatabaseIT::fill);

  @Test
  @Order(1)
  void cloneHoldsWhatTheTemplateHolds() {
    assertThat(db.sql("SELECT version, note FROM shigoto.migrations"))
        .containsExactly(Map.of("version", 1, "note", "first"));
    db.sql("INSERT INTO shigoto.jobs (worker) VALUES ('left over')");
  }

  @Test
  @Order(2)
  void tablesAreEmptyBeforeEachTest() {
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isZero();
    assertThat(db.number("SELECT count(*) FROM shigoto.migrations")).isOne();
    assertThat(db.sql("INSERT INTO shigoto.jobs (worker) VALUES ('a') RETURNING id"))
        .containsExactly(Map.of("id", 1L));
  }

  @Test
  @Order(3)
  void templateIsFilledOnceAndClonesShareNothing() {
    TestDatabase other =
        TestDatabase.create(PostgresServer.shared(), "support", TestDatabaseIT::fill);
    other.sql("INSERT INTO shigoto.jobs (worker) VALUES ('elsewhere')");

    assertThat(fills).hasValue(1);
    assertThat(db.number("SELECT count(*) FROM shigoto.jobs")).isZero();
    other.drop();
    assertThatThrownBy(() -> other.sql("SELECT 1")).hasMessageContaining("does not exist");
  }

  @Test
  @Order(4)
  void severalStatementsAndArgumentsAreRun() {
    assertThat(db.sql("SELECT 1 AS a; SELECT 2 AS b")).hasSize(2);
    assertThat(db.sql("SELECT $1 || '!' AS word, NULL AS nothing", "hi").get(0))
        .containsEntry("word", "hi!")
        .containsEntry("nothing", null);
    assertThatThrownBy(() -> db.number("SELECT 1 AS a, 2 AS b"))
        .hasMessageContaining("not one number");
  }

  private static Mono<Void> fill(ConnectionFactory factory) {
    fills.incrementAndGet();
    String ddl =
        """
        CREATE SCHEMA shigoto;
        CREATE TABLE shigoto.migrations (version int, note text);
        INSERT INTO shigoto.migrations VALUES (1, 'first');
        CREATE TABLE shigoto.jobs (
          id bigint GENERATED ALWAYS AS IDENTITY,
          worker text);
        """;
    return Flux.usingWhen(
            factory.create(),
            connection ->
                Flux.from(connection.createStatement(ddl).execute())
                    .flatMap(Result::getRowsUpdated),
            Connection::close)
        .then();
  }
}
