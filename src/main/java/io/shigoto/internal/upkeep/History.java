package io.shigoto.internal.upkeep;

import io.r2dbc.spi.Statement;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Partitions;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Keeps the days of history: the next ones ready, the old ones dropped. Forgets batches as old as
 * those, messages to all nodes that are out of retention, starts that no rate limit counts any
 * more, and the unique keys of jobs that are dropped or whose period is over; and sees to jobs that
 * wait for others that somebody has deleted.
 */
public final class History implements Chore {

  private static final Duration PERIOD = Duration.ofHours(1);

  /** So long that no clock matters. */
  private static final Duration RATES = Duration.ofHours(1);

  private static final int GROUP_SIZE = 5_000;

  private final Database database;
  private final Sql pruneKeys;
  private final Partitions partitions;
  private final Sql forgetBatches;
  private final Sql healDependencies;
  private final Sql forgetBroadcasts;
  private final Sql forgetRates;
  private final Sql forgetUntold;
  private final int days;
  private final Duration broadcasts;

  /**
   * @param days how many days are kept, beside today
   * @param broadcasts how long messages to all nodes are kept
   */
  public History(Database database, Statements sql, int days, Duration broadcasts) {
    this.database = database;
    this.pruneKeys = sql.get("prune_unique_keys");
    this.partitions = new Partitions(database, sql);
    this.forgetBatches = sql.get("forget_batches");
    this.healDependencies = sql.get("heal_dependencies");
    this.forgetBroadcasts = sql.get("forget_broadcasts");
    this.forgetRates = sql.get("forget_rates");
    this.forgetUntold = sql.get("forget_untold");
    this.days = days;
    this.broadcasts = broadcasts;
  }

  @Override
  public String name() {
    return "history";
  }

  @Override
  public Duration period() {
    return PERIOD;
  }

  @Override
  public Mono<Long> once() {
    return partitions
        .keep(days)
        .delayUntil(
            kept -> database.list(forgetBatches, statement -> statement.bind(0, days), row -> true))
        .delayUntil(kept -> database.list(healDependencies, statement -> {}, row -> true))
        .flatMap(changed -> pruned().map(pruned -> changed + pruned));
  }

  private Mono<Long> pruned() {
    return Flux.concat(
            inGroups(forgetUntold, statement -> statement.bind(0, days)),
            inGroups(pruneKeys, statement -> statement.bind(0, days)),
            inGroups(forgetBroadcasts, statement -> statement.bind(0, broadcasts.toMillis())),
            inGroups(forgetRates, statement -> statement.bind(0, RATES.toMillis())))
        .reduce(0L, Long::sum);
  }

  /** Until there is nothing left, so many rows at a time; that number is the second parameter. */
  private Mono<Long> inGroups(Sql statement, Consumer<Statement> bind) {
    return database
        .list(statement, bind.andThen(bound -> bound.bind(1, GROUP_SIZE)), row -> true)
        .map(List::size)
        .repeat()
        .takeUntil(size -> size < GROUP_SIZE)
        .reduce(0L, Long::sum);
  }
}
