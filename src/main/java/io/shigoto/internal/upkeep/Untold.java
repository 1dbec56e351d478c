package io.shigoto.internal.upkeep;

import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.run.Discards;
import io.shigoto.internal.wake.Wakeups;
import java.util.List;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Takes discarded jobs that this node did not discard itself and whose workers it knows: of one
 * that depended on another, whoever ended that one may know nothing; nor may whoever rescues a run.
 * A row is taken by one node, before its worker is told: so it is told once, or not at all if that
 * node dies.
 */
public final class Untold {

  private static final int GROUP_SIZE = 256;

  private final Database database;
  private final Sql take;
  private final Wakeups wakeups;
  private final String[] workers;
  private final Discards discards;
  private final KeepGoing keepGoing;

  /**
   * @param workers the names that this node knows
   */
  public Untold(
      Database database,
      Statements sql,
      Wakeups wakeups,
      String[] workers,
      Discards discards,
      Scheduler timer) {
    this.database = database;
    this.take = sql.get("take_untold");
    this.wakeups = wakeups;
    this.workers = workers;
    this.discards = discards;
    this.keepGoing = new KeepGoing("discard", timer);
  }

  /** What a node does that does not know the worker of a job it has discarded. */
  public static Function<RunKey, Mono<?>> passingOn(Database database, Statements sql) {
    Sql passOn = sql.get("pass_on_discard");
    return run ->
        database.list(
            passOn,
            statement ->
                statement
                    .bind(0, run.id())
                    .bind(1, run.lease())
                    .bind(2, run.queue())
                    .bind(3, run.worker())
                    .bind(4, run.attempt())
                    .bind(5, run.maxAttempts()),
            row -> true);
  }

  /** Goes on while subscribed. */
  public Flux<?> flow() {
    return wakeups
        .untold()
        .looks()
        .concatMap(look -> keepGoing.until(taken()).flatMap(this::told), 0);
  }

  /** Those that are taken are told, even if this node stops meanwhile. */
  private Mono<List<Mono<Void>>> taken() {
    return Detached.of(
        database
            .list(take, statement -> statement.bind(0, workers).bind(1, GROUP_SIZE), Rescue::read)
            .map(runs -> runs.stream().map(discards::add).toList()));
  }

  private Mono<Void> told(List<Mono<Void>> calls) {
    return Mono.when(calls)
        .doOnSuccess(
            all -> {
              if (calls.size() >= GROUP_SIZE) {
                wakeups.untold().give();
              }
            });
  }
}
