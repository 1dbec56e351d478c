package io.shigoto.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.Result;
import io.r2dbc.spi.Statement;
import java.net.ConnectException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class TcpProxyIT {

  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final Duration SILENCE = Duration.ofMillis(300);
  private static final String INSERT = "INSERT INTO facts (n) VALUES ($1)";

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("proxy", factory -> Mono.empty());

  private TcpProxy proxy = TcpProxy.to(PostgresServer.shared().options());

  @BeforeAll
  static void makeTable() {
    db.sql("CREATE TABLE facts (n bigint NOT NULL)");
  }

  @BeforeEach
  void emptyTable() {
    db.sql("TRUNCATE facts");
  }

  @AfterEach
  void close() {
    proxy.close();
  }

  @Test
  void forwardsBothWaysAndCountsStatements() {
    Connection connection = connect();
    proxy.counts().reset();

    for (long n = 0; n < 10; n++) {
      run(connection, INSERT, n).block(LIMIT);
    }

    assertThat(facts()).isEqualTo(10);
    assertThat(proxy.counts().statements(INSERT)).isEqualTo(10);
    assertThat(proxy.counts().statements()).isEqualTo(10);
    assertThat(proxy.counts().binds()).isEqualTo(10);
    assertThat(proxy.counts().parses()).isOne();
    assertThat(proxy.counts().byText()).containsOnlyKeys(INSERT);
  }

  @Test
  void largeResultsPassWhole() {
    String sql = "SELECT repeat('x', 1000) FROM generate_series(1, $1)";

    long length =
        Flux.from(connect().createStatement(sql).bind(0, 20_000).execute())
            .flatMap(result -> result.map((row, metadata) -> row.get(0, String.class).length()))
            .reduce(0L, Long::sum)
            .block(LIMIT);

    assertThat(length).isEqualTo(20_000_000);
  }

  @Test
  void cutResetsConnectionsAndRefusesNewOnesUntilRestore() {
    Connection connection = connect();

    proxy.cut();

    assertThatThrownBy(() -> run(connection, INSERT, 1L).block(LIMIT))
        .isNotInstanceOf(IllegalStateException.class);
    assertThatThrownBy(this::connect).hasRootCauseInstanceOf(ConnectException.class);
    assertThat(proxy.connections()).isZero();

    proxy.restore();
    run(connect(), INSERT, 2L).block(LIMIT);
    assertThat(facts()).isOne();
  }

  @Test
  void cutAndRestoreFollowEachOtherAtOnce() {
    for (int i = 0; i < 50; i++) {
      proxy.cut();
      proxy.restore();
    }

    run(connect(), INSERT, 1L).block(LIMIT);
    assertThat(facts()).isOne();
  }

  @Test
  void frozenConnectionsHearNothingAndGoOnAfterThaw() {
    Connection connection = connect();
    proxy.freeze();

    Mono<Long> insert = run(connection, INSERT, 1L).cache();
    assertThatThrownBy(() -> insert.block(SILENCE)).hasMessageContaining("Timeout");
    assertThatThrownBy(() -> connecting().block(SILENCE)).hasMessageContaining("Timeout");
    assertThat(facts()).isZero();

    proxy.thaw();
    assertThat(insert.block(LIMIT)).isOne();
    run(connect(), INSERT, 2L).block(LIMIT);
    assertThat(facts()).isEqualTo(2);
  }

  @Test
  void frozenClientDoesNotSeeThatTheServerClosed() {
    Connection connection = connect();
    long pid = pid(connection);
    Sinks.One<String> end = Sinks.one();
    proxy.freeze();

    db.sql("SELECT pg_terminate_backend($1)", (int) pid);
    Mono<Long> insert =
        run(connection, INSERT, 1L).doOnError(e -> end.tryEmitValue("seen")).cache();
    assertThatThrownBy(() -> insert.block(SILENCE)).hasMessageContaining("Timeout");

    proxy.thaw();
    assertThat(end.asMono().block(LIMIT)).isEqualTo("seen");
  }

  @Test
  void delayLengthensEveryRoundTripAndOnlyThat() {
    Connection connection = connect();
    run(connection, INSERT, 0L).block(LIMIT);
    proxy.delay(Duration.ofMillis(100));

    assertThat(fastestMillis(connection)).isBetween(100L, 200L);

    proxy.delay(Duration.ZERO);
    assertThat(fastestMillis(connection)).isLessThan(100);
  }

  @Test
  void swallowedAnswersLeaveCommittedWrites() {
    Connection connection = connect();
    proxy.swallowAnswers();

    Mono<Long> insert = run(connection, INSERT, 1L).cache();
    assertThatThrownBy(() -> insert.block(SILENCE)).hasMessageContaining("Timeout");
    Await.until("the write is committed", LIMIT, () -> facts() == 1);

    proxy.cut();
    assertThatThrownBy(() -> insert.block(LIMIT)).hasMessageNotContaining("Timeout");
  }

  @Test
  void lostAnswerIsCommittedAndTheConnectionIsReset() {
    Connection connection = connect();
    run(connection, INSERT, 1L).block(LIMIT);
    proxy.onStatement("INTO facts", 2, Link::loseAnswer);

    run(connection, INSERT, 2L).block(LIMIT);
    assertThatThrownBy(() -> run(connection, INSERT, 3L).block(LIMIT))
        .hasMessageNotContaining("Timeout");

    assertThat(facts()).isEqualTo(3);
    run(connect(), INSERT, 4L).block(LIMIT);
    assertThat(facts()).isEqualTo(4);
  }

  @Test
  void cutAtStatementIsBeforeTheServerHearsOfIt() {
    Connection connection = connect();
    Connection other = connect();
    run(connection, INSERT, 1L).block(LIMIT);
    proxy.onStatement("INTO facts", Link::cut);

    assertThatThrownBy(() -> run(connection, INSERT, 2L).block(LIMIT))
        .hasMessageNotContaining("Timeout");

    run(other, INSERT, 3L).block(LIMIT);
    assertThat(db.sql("SELECT n FROM facts ORDER BY n")).extracting("n").containsExactly(1L, 3L);
  }

  @Test
  void frozenLinkLeavesTheOthersAlone() {
    Connection connection = connect();
    Connection other = connect();
    proxy.onStatement("INTO facts", Link::freeze);

    Mono<Long> insert = run(connection, INSERT, 1L).cache();
    assertThatThrownBy(() -> insert.block(SILENCE)).hasMessageContaining("Timeout");
    run(other, INSERT, 2L).block(LIMIT);
    assertThat(facts()).isOne();

    proxy.thaw();
    assertThat(insert.block(LIMIT)).isOne();
  }

  @Test
  void simpleQueriesAreCountedToo() {
    Connection connection = connect();
    proxy.counts().reset();

    Mono.from(connection.beginTransaction()).block(LIMIT);
    run(connection, INSERT, 1L).block(LIMIT);
    Mono.from(connection.commitTransaction()).block(LIMIT);

    assertThat(proxy.counts().statements("BEGIN")).isOne();
    assertThat(proxy.counts().statements("COMMIT")).isOne();
    assertThat(proxy.counts().statements()).isEqualTo(3);
  }

  private Connection connect() {
    return connecting().block(LIMIT);
  }

  private Mono<? extends Connection> connecting() {
    return Mono.from(ConnectionFactories.get(proxy.options(db.options())).create());
  }

  private static Mono<Long> run(Connection connection, String sql, Object argument) {
    Statement statement = connection.createStatement(sql).bind(0, argument);
    return Flux.from(statement.execute()).flatMap(Result::getRowsUpdated).next();
  }

  private static long facts() {
    return db.number("SELECT count(*) FROM facts");
  }

  private static long pid(Connection connection) {
    return Flux.from(connection.createStatement("SELECT pg_backend_pid()").execute())
        .flatMap(result -> result.map((row, metadata) -> row.get(0, Long.class)))
        .blockFirst(LIMIT);
  }

  /** The fastest of a few is what the network costs, however busy the machine is. */
  private static long fastestMillis(Connection connection) {
    long fastest = Long.MAX_VALUE;
    for (int i = 0; i < 5; i++) {
      long start = System.nanoTime();
      run(connection, INSERT, 1L).block(LIMIT);
      fastest = Math.min(fastest, System.nanoTime() - start);
    }
    return TimeUnit.NANOSECONDS.toMillis(fastest);
  }
}
