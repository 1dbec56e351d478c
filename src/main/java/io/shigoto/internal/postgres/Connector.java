package io.shigoto.internal.postgres;

import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Wrapped;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Gate;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Makes connections to the server itself, under any pool or proxy the application has around its
 * factory, and knows all that are open.
 *
 * <p>The driver's own time-out does not cover the handshake, and a cancelled attempt leaks: so an
 * attempt is never cancelled, has a deadline of ours, and what arrives after it is closed.
 */
public final class Connector {

  private static final Logger LOG = LoggerFactory.getLogger(Connector.class);

  /**
   * Every statement of ours has its index. A plan is kept for the life of a connection, and one
   * that was made while a table was empty would read all of it once it is full. It is kept from the
   * first time on: by itself the server would plan claims and settlements anew each time, which
   * takes longer than to run a small one.
   */
  public static final String ONE_PLAN_BY_INDEX =
      "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_mergejoin = off; "
          + "SET jit = off; SET plan_cache_mode = force_generic_plan";

  /** Statements pass over what others hold, and count what others have committed. */
  private static final String ISOLATION = "SET default_transaction_isolation = 'read committed'";

  /** Where it cannot be set. */
  private static final String REQUIRE_ISOLATION =
      """
      DO $$ BEGIN
        IF current_setting('default_transaction_isolation') <> 'read committed' THEN
          RAISE EXCEPTION 'nodes need the isolation level read committed, but default_transaction_isolation is %',
            current_setting('default_transaction_isolation') USING ERRCODE = 'feature_not_supported';
        END IF;
      END $$
      """;

  private static final Duration CLOSING = Duration.ofSeconds(1);

  private final ConnectionFactory factory;
  private final boolean session;
  private final Duration deadline;
  private final Scheduler timer;
  private final Gate attempts = new Gate();

  /** The open connections, and what closes each of them: once, however many ask for it. */
  private final Map<Connection, Mono<Void>> open = new ConcurrentHashMap<>();

  /**
   * Looks through whatever is around the driver's factory.
   *
   * @param session whether a connection has a session of its own at the server, so that settings
   *     stay; not so behind a pooler, where a statement is planned anew each time
   */
  public Connector(ConnectionFactory factory, boolean session, Duration deadline, Scheduler timer) {
    this.factory = innermost(factory);
    this.session = session;
    this.deadline = deadline;
    this.timer = timer;
    if (!"PostgreSQL".equals(this.factory.getMetadata().getName())) {
      throw new IllegalArgumentException(
          "the connection factory must be for PostgreSQL, but is for "
              + this.factory.getMetadata().getName());
    }
  }

  /** Connects when subscribed. Errors: the driver's, or a TimeoutException after the deadline. */
  public Mono<Connection> connect() {
    return detached(attempt());
  }

  /** Connects for LISTEN, which only the driver's own connection can do. */
  public Mono<PostgresqlConnection> connectToListen() {
    return detached(attempt().flatMap(this::plain));
  }

  /** Closes a connection, and does not wait long for a server that does not answer. Never fails. */
  public Mono<Void> close(Connection connection) {
    return Mono.defer(() -> waitFor(open.getOrDefault(connection, Mono.empty())))
        .doOnError(
            error ->
                LOG.atDebug()
                    .addKeyValue("error", error::toString)
                    .log("a connection did not close"))
        .onErrorComplete();
  }

  /**
   * Closes all connections, whoever has them, and makes no more. One that is just being made is
   * closed when it is there, and waited for as long as for one that does not close.
   */
  public Mono<Void> close() {
    return waitFor(attempts.close())
        .onErrorComplete(TimeoutException.class)
        .thenMany(Flux.defer(() -> Flux.fromIterable(List.copyOf(open.keySet()))))
        .flatMap(this::close)
        .then();
  }

  private <T extends Connection> Mono<T> detached(Mono<T> attempt) {
    return Detached.within(
        deadline, timer, attempts.pass(attempt), late -> Detached.start(close(late)));
  }

  private Mono<Connection> attempt() {
    return Mono.defer(() -> Mono.from(factory.create()))
        .cast(Connection.class)
        .doOnNext(connection -> open.put(connection, closing(connection)))
        .flatMap(this::prepared);
  }

  /**
   * Never where the answer of the server arrives: to close it, the driver waits for whoever hands
   * an answer on, and that would be this very thread.
   */
  private Mono<Void> closing(Connection connection) {
    Mono<Void> closing = Mono.defer(() -> Mono.from(connection.close()));
    return closing
        .subscribeOn(timer)
        .onErrorResume(RejectedExecutionException.class, timerIsGone -> closing)
        .doFinally(end -> open.remove(connection))
        .cache();
  }

  private Mono<Void> waitFor(Mono<Void> closing) {
    return Detached.within(CLOSING, timer, closing, nothing -> {});
  }

  private Mono<Connection> prepared(Connection connection) {
    return attempts.isClosed()
        ? closed(connection, Gate.refusal())
        : prepare(connection)
            .thenReturn(connection)
            .onErrorResume(error -> closed(connection, error));
  }

  private Mono<Void> prepare(Connection connection) {
    return Database.run(
        connection, session ? ONE_PLAN_BY_INDEX + "; " + ISOLATION : REQUIRE_ISOLATION);
  }

  private Mono<PostgresqlConnection> plain(Connection connection) {
    return connection instanceof PostgresqlConnection plain
        ? Mono.just(plain)
        : closed(
            connection,
            new IllegalStateException(
                "LISTEN needs the driver's connection, not " + connection.getClass().getName()));
  }

  private <T> Mono<T> closed(Connection connection, Throwable error) {
    return close(connection).then(Mono.error(error));
  }

  private static ConnectionFactory innermost(ConnectionFactory factory) {
    ConnectionFactory current = factory;
    while (current instanceof Wrapped<?> wrapper
        && wrapper.unwrap() instanceof ConnectionFactory inner) {
      current = inner;
    }
    return current;
  }
}
