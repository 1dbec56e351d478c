package io.shigoto.internal.postgres;

import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Wrapped;
import io.shigoto.internal.flow.Detached;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Makes connections to the server itself, under any pool or proxy the application has around its
 * factory.
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
  private static final String ONE_PLAN_BY_INDEX =
      "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_mergejoin = off; "
          + "SET jit = off; SET plan_cache_mode = force_generic_plan";

  private static final Duration CLOSING = Duration.ofSeconds(1);

  private final ConnectionFactory factory;
  private final boolean session;
  private final Duration deadline;
  private final Scheduler timer;

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
    Mono<Connection> attempt =
        Mono.defer(() -> Mono.from(factory.create()))
            .cast(Connection.class)
            .delayUntil(this::prepare);
    return Detached.of(attempt, late -> Detached.start(close(late))).timeout(deadline, timer);
  }

  /** Connects for LISTEN, which only the driver's own connection can do. */
  public Mono<PostgresqlConnection> connectToListen() {
    return connect()
        .flatMap(
            connection ->
                connection instanceof PostgresqlConnection plain
                    ? Mono.just(plain)
                    : close(connection)
                        .then(
                            Mono.error(
                                () ->
                                    new IllegalStateException(
                                        "LISTEN needs the driver's connection, not "
                                            + connection.getClass().getName()))));
  }

  /** Closes a connection, and does not wait long for a server that does not answer. Never fails. */
  public Mono<Void> close(Connection connection) {
    return Mono.defer(() -> Mono.from(connection.close()))
        .timeout(CLOSING, timer)
        .doOnError(error -> LOG.debug("a connection did not close: error={}", error.toString()))
        .onErrorComplete();
  }

  private Mono<Void> prepare(Connection connection) {
    return session
        ? Flux.from(connection.createStatement(ONE_PLAN_BY_INDEX).execute())
            .concatMap(result -> result.getRowsUpdated())
            .then()
        : Mono.empty();
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
