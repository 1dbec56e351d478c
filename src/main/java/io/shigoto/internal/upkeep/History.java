package io.shigoto.internal.upkeep;

import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Partitions;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * Keeps the days of history: the next ones ready, the old ones dropped. Forgets batches as old as
 * those, and the unique keys of jobs that are dropped or whose period is over; and sees to jobs
 * that wait for others that somebody has deleted.
 */
public final class History implements Chore {

  private static final Duration PERIOD = Duration.ofHours(1);

  private static final int GROUP_SIZE = 5_000;

  private final Database database;
  private final Sql pruneKeys;
  private final Partitions partitions;
  private final Sql forgetBatches;
  private final Sql healDependencies;
  private final int days;

  /**
   * @param days how many days are kept, beside today
   */
  public History(Database database, Statements sql, int days) {
    this.database = database;
    this.pruneKeys = sql.get("prune_unique_keys");
    this.partitions = new Partitions(database, sql);
    this.forgetBatches = sql.get("forget_batches");
    this.healDependencies = sql.get("heal_dependencies");
    this.days = days;
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
        .flatMap(changed -> prunedKeys().map(pruned -> changed + pruned));
  }

  private Mono<Long> prunedKeys() {
    return database
        .list(pruneKeys, statement -> statement.bind(0, days).bind(1, GROUP_SIZE), row -> true)
        .map(List::size)
        .repeat()
        .takeUntil(size -> size < GROUP_SIZE)
        .reduce(0L, Long::sum);
  }
}
