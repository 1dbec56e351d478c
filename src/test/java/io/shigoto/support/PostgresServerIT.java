package io.shigoto.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ConnectException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PostgresServerIT {

  private PostgresServer server = PostgresServer.start();
  private TestDatabase database = TestDatabase.createEmpty(server);

  @BeforeAll
  void makeTable() {
    database.sql("CREATE TABLE facts (what text NOT NULL)");
  }

  @AfterAll
  void close() {
    server.close();
  }

  @Test
  void privateServerIsDurable() {
    assertThat(setting("fsync")).isEqualTo("on");
    assertThat(setting("synchronous_commit")).isEqualTo("on");
    assertThat(setting("max_connections")).isEqualTo("300");
  }

  @Test
  void acknowledgedCommitSurvivesImmediateRestart() {
    database.sql("INSERT INTO facts VALUES ($1)", "restart");

    server.restartImmediate();

    assertThat(database.number("SELECT count(*) FROM facts WHERE what = 'restart'")).isOne();
  }

  @Test
  void acknowledgedCommitSurvivesKill() {
    database.sql("INSERT INTO facts VALUES ($1)", "kill");

    server.kill();
    server.startAgain();

    assertThat(database.number("SELECT count(*) FROM facts WHERE what = 'kill'")).isOne();
    assertThat(server.log()).contains("automatic recovery in progress");
  }

  @Test
  void stoppedServerRefusesConnectionsUntilStartedAgain() {
    server.stopImmediate();

    assertThatThrownBy(() -> database.sql("SELECT 1"))
        .hasRootCauseInstanceOf(ConnectException.class);
    assertThatThrownBy(server::stopImmediate).hasMessageContaining("does not run");

    server.startAgain();
    assertThat(database.number("SELECT 1")).isOne();
  }

  @Test
  void serverThatCannotStartShowsItsLog() {
    assertThatThrownBy(() -> PostgresServer.start(Map.of("no_such_setting", "1")))
        .hasMessageContaining("no_such_setting");
  }

  private Object setting(String name) {
    return database.sql("SELECT current_setting($1) AS value", name).get(0).get("value");
  }
}
