package io.shigoto.internal.postgres;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.IsolationLevel;
import io.r2dbc.spi.R2dbcException;
import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Result;
import io.r2dbc.spi.Statement;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Gate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.pool.InstrumentedPool;
import reactor.pool.PoolBuilder;
import reactor.pool.PooledRef;

/**
 * The funnel for all database work: a few connections for one purpose, and one way to use them.
 *
 * <p>A statement that was sent cannot be taken back: a cancelled or timed-out write may still
 * commit, and a connection given back in the middle of one harms the next borrower. So the whole of
 * acquire, statement and release runs to its end whatever the caller does, has a deadline of its
 * own, and a connection that saw an error is thrown away.
 */
public final class Database {

  private static final Logger LOG = LoggerFactory.getLogger(Database.class);

  private static final String LOCK_NOT_AVAILABLE = "55P03";

  private static final Set<String> REFUSALS = Set.of("22", "23", "54", "P0");

  private final InstrumentedPool<Session> pool;
  private final Duration deadline;
  private final Scheduler timer;
  private final Retries retries;
  private final Gate underWay = new Gate();

  /**
   * @param deadline for one statement, or one step of a transaction
   * @param nanos a clock for elapsed time
   */
  public Database(
      Connector connector,
      int connections,
      Duration deadline,
      Scheduler timer,
      LongSupplier nanos) {
    this.deadline = deadline;
    this.timer = timer;
    this.retries = new Retries(deadline, timer, nanos);
    this.pool =
        PoolBuilder.from(connector.connect().map(Session::new))
            .sizeBetween(0, connections)
            .evictionPredicate((session, idle) -> session.isGone())
            .destroyHandler(session -> connector.close(session.connection()))
            .pendingAcquireTimer(
                (tooLate, wait) -> timer.schedule(tooLate, wait.toNanos(), TimeUnit.NANOSECONDS))
            .buildPool();
  }

  /** Runs one statement and emits its rows, all of them, once it has ended. */
  public <T> Mono<List<T>> list(Sql sql, Consumer<Statement> bind, Function<Readable, T> read) {
    return borrow(
        session -> list(() -> session.statement(sql), bind, read),
        error -> isRefusal(error) || isLockedOut(error));
  }

  /**
   * Runs one statement on a connection of the caller's, in whatever transaction it is. Not
   * detached, no deadline.
   */
  public static <T> Mono<List<T>> list(
      Connection connection, Sql sql, Consumer<Statement> bind, Function<Readable, T> read) {
    return list(() -> connection.createStatement(sql.text()), bind, read);
  }

  private static <T> Mono<List<T>> list(
      Supplier<Statement> made, Consumer<Statement> bind, Function<Readable, T> read) {
    return Mono.defer(
        () -> {
          Statement statement = made.get();
          bind.accept(statement);
          return Flux.from(statement.execute()).concatMap(result -> result.map(read)).collectList();
        });
  }

  /**
   * Runs statements that take no parameters and give no rows, on a connection of the caller's. Not
   * detached, no deadline.
   */
  public static Mono<Void> run(Connection connection, String statements) {
    return Flux.defer(() -> connection.createStatement(statements).execute())
        .concatMap(Result::getRowsUpdated)
        .then();
  }

  /**
   * Runs work that needs one connection for more than a statement; it must emit exactly one
   * element. After any error the connection is thrown away: its transaction may be open.
   */
  <T> Mono<T> use(Function<Connection, Mono<T>> work) {
    return borrow(session -> work.apply(session.connection()), error -> false);
  }

  private <T> Mono<T> borrow(Function<Session, Mono<T>> work, Predicate<Throwable> harmless) {
    return Detached.of(
        underWay.pass(pool.acquire(deadline).flatMap(borrowed -> use(borrowed, work, harmless))));
  }

  /**
   * Runs work in a transaction of its own, in which each statement sees what was committed before
   * it, and emits what the work emitted once it is committed. The deadline holds for each element
   * of the work, such as a statement. It waits for no lock for long: what others stand in the way
   * of is tried again, in its turn among all such, and fails when that took longer than the
   * deadline.
   */
  public <T> Mono<List<T>> inTransaction(Function<Connection, Flux<T>> work) {
    return Detached.of(retries.of(wait -> transaction(work, wait)));
  }

  private <T> Mono<List<T>> transaction(Function<Connection, Flux<T>> work, Duration wait) {
    return Mono.defer(
        () -> underWay.pass(pool.acquire(deadline).flatMap(at -> transaction(at, work, wait))));
  }

  private <T> Mono<List<T>> transaction(
      PooledRef<Session> borrowed, Function<Connection, Flux<T>> work, Duration wait) {
    Connection connection = borrowed.poolable().connection();
    return Mono.from(connection.beginTransaction(IsolationLevel.READ_COMMITTED))
        .then(run(connection, "SET LOCAL lock_timeout = " + wait.toMillis()))
        .thenMany(Flux.defer(() -> work.apply(connection)))
        .timeout(deadline, timer)
        .collectList()
        .delayUntil(done -> Mono.from(connection.commitTransaction()).timeout(deadline, timer))
        .flatMap(done -> borrowed.release().thenReturn(done))
        .onErrorResume(error -> thrownAway(borrowed).then(Mono.error(error)));
  }

  private <T> Mono<T> use(
      PooledRef<Session> borrowed, Function<Session, Mono<T>> work, Predicate<Throwable> harmless) {
    return Mono.defer(() -> work.apply(borrowed.poolable()))
        .timeout(deadline, timer)
        .flatMap(value -> borrowed.release().thenReturn(value))
        .onErrorResume(
            error ->
                (harmless.test(error) ? borrowed.release() : thrownAway(borrowed))
                    .then(Mono.error(error)));
  }

  private static Mono<Void> thrownAway(PooledRef<Session> borrowed) {
    return borrowed
        .invalidate()
        .doOnError(
            failed ->
                LOG.atDebug()
                    .addKeyValue("error", failed::toString)
                    .log("a connection was not destroyed"))
        .onErrorComplete();
  }

  /**
   * Whether the server refused the statement for what it contained (data, a constraint, a limit of
   * the server's such as the depth of JSON, a trigger that raises an exception): the connection
   * itself is as good as before.
   */
  public static boolean isRefusal(Throwable error) {
    if (!(error instanceof R2dbcException refused)) {
      return false;
    }
    String state = refused.getSqlState();
    return state != null && state.length() == 5 && REFUSALS.contains(state.substring(0, 2));
  }

  /** Whether the server waited for a lock for as long as the statement said, and gave up. */
  public static boolean isLockedOut(Throwable error) {
    return error instanceof R2dbcException refused
        && LOCK_NOT_AVAILABLE.equals(refused.getSqlState());
  }

  /** Takes no more work, and closes the connections when what was taken has ended. */
  public Mono<Void> close() {
    return underWay.close().then(pool.disposeLater());
  }
}
