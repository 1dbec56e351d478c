package io.shigoto.internal.upkeep;

import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.UUID;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The node's right to run jobs, on a connection of its own. The database judges it; the node is
 * stricter with itself: it gives up when it has not heard of a renewal for so long that, counted
 * from the moment that renewal was sent, the lease might soon run out.
 *
 * <p>With a lease L, renewals leave every L/5 and have L/5 to be answered; so the last one that was
 * answered was sent at most L/5 before its answer, and giving up 3/5 L after the answer is at least
 * L/5 before the end.
 */
public final class Lease {

  private static final int PARTS = 5;

  private final Database database;
  private final Sql join;
  private final Sql renew;
  private final Sql leave;
  private final UUID node;
  private final Duration length;
  private final Scheduler timer;
  private final KeepGoing keepGoing;
  private final Supplier<String> state;

  /**
   * @param state what the node tells of itself with each renewal, as JSON
   */
  public Lease(
      Database database,
      Statements sql,
      UUID node,
      Duration length,
      Scheduler timer,
      KeepGoing keepGoing,
      Supplier<String> state) {
    this.database = database;
    this.join = sql.get("join_cluster");
    this.renew = sql.get("renew");
    this.leave = sql.get("leave_cluster");
    this.node = node;
    this.length = length;
    this.timer = timer;
    this.keepGoing = keepGoing;
    this.state = state;
  }

  /** The deadline that statements of a lease must have, so that the arithmetic above holds. */
  public static Duration deadline(Duration length) {
    return length.dividedBy(PARTS);
  }

  /** Takes the lease. */
  public Mono<Void> join(String name, String[] queues, String[] workers) {
    return database
        .list(
            join,
            statement ->
                statement
                    .bind(0, node.toString())
                    .bind(1, name)
                    .bind(2, length.toMillis())
                    .bind(3, queues)
                    .bind(4, workers),
            row -> true)
        .then();
  }

  /**
   * Renews while subscribed; completes when the lease is lost, or must be taken as lost. Never
   * fails.
   */
  public Mono<Void> lost() {
    return Flux.interval(length.dividedBy(PARTS), timer)
        .onBackpressureLatest()
        .concatMap(tick -> keepGoing.until(renewed()), 0)
        .timeout(length.multipliedBy(3).dividedBy(PARTS), Flux.just(false), timer)
        .takeUntil(held -> !held)
        .then();
  }

  /** Gives the lease up. */
  public Mono<Void> leave() {
    return database
        .list(leave, statement -> statement.bind(0, node.toString()), row -> true)
        .then();
  }

  private Mono<Boolean> renewed() {
    return database
        .list(
            renew,
            statement ->
                statement.bind(0, node.toString()).bind(1, length.toMillis()).bind(2, state.get()),
            row -> true)
        .map(rows -> !rows.isEmpty());
  }
}
