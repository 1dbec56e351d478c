package io.shigoto.internal.upkeep;

import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The node's right to run jobs, on a connection of its own. The database judges it; the node is
 * stricter with itself: it gives up a fifth of the lease before that may run out, by its own clock
 * for elapsed time, counted from before the last request was sent that the database granted, be it
 * the one to join. Renewals leave every fifth, and have a fifth to be answered.
 */
public final class Lease {

  private static final int PARTS = 5;

  private final Database database;
  private final Sql join;
  private final Sql renew;
  private final Sql leave;
  private final UUID node;
  private final Duration length;
  private final Time time;
  private final KeepGoing keepGoing;
  private final Supplier<String> state;

  /** Before the last request was sent that was granted. */
  private volatile long granted;

  /**
   * How time passes for it.
   *
   * @param nanos a clock for elapsed time
   */
  public record Time(Scheduler timer, LongSupplier nanos) {}

  /**
   * @param state what the node tells of itself with each renewal, as JSON
   */
  public Lease(
      Database database,
      Statements sql,
      UUID node,
      Duration length,
      Time time,
      KeepGoing keepGoing,
      Supplier<String> state) {
    this.database = database;
    this.join = sql.get("join_cluster");
    this.renew = sql.get("renew");
    this.leave = sql.get("leave_cluster");
    this.node = node;
    this.length = length;
    this.time = time;
    this.keepGoing = keepGoing;
    this.state = state;
  }

  /** The deadline that statements of a lease must have, so that the arithmetic above holds. */
  public static Duration deadline(Duration length) {
    return length.dividedBy(PARTS);
  }

  /** Takes the lease. */
  public Mono<Void> join(String name, String[] queues, String[] workers) {
    return granted(
            database.list(
                join,
                statement ->
                    statement
                        .bind(0, node.toString())
                        .bind(1, name)
                        .bind(2, length.toMillis())
                        .bind(3, queues)
                        .bind(4, workers),
                row -> true))
        .then();
  }

  /**
   * Renews while subscribed; completes when the lease is lost, or must be taken as lost. Never
   * fails.
   */
  public Mono<Void> lost() {
    Mono<Void> refused =
        Flux.interval(length.dividedBy(PARTS), time.timer)
            .onBackpressureLatest()
            .concatMap(tick -> keepGoing.until(renewed()), 0)
            .takeUntil(held -> !held)
            .then();
    Mono<Void> over =
        Mono.defer(() -> Mono.delay(Duration.ofNanos(Math.max(0, left())), time.timer))
            .repeat(() -> left() > 0)
            .then();
    return Mono.firstWithSignal(refused, over);
  }

  private long left() {
    return length.toNanos() / PARTS * (PARTS - 1) - (time.nanos.getAsLong() - granted);
  }

  private <T> Mono<T> granted(Mono<T> request) {
    return Mono.defer(
        () -> {
          long sent = time.nanos.getAsLong();
          return request.doOnSuccess(answer -> granted = sent);
        });
  }

  /** Gives the lease up. */
  public Mono<Void> leave() {
    return database
        .list(leave, statement -> statement.bind(0, node.toString()), row -> true)
        .then();
  }

  private Mono<Boolean> renewed() {
    return granted(
            database.list(
                renew,
                statement ->
                    statement
                        .bind(0, node.toString())
                        .bind(1, length.toMillis())
                        .bind(2, state.get()),
                row -> true))
        .map(rows -> !rows.isEmpty());
  }
}
