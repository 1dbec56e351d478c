package io.shigoto.internal.upkeep;

import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Partitions;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import reactor.core.publisher.Mono;

/**
 * Keeps the days of history: the next ones ready, the old ones dropped. Forgets batches as old as
 * those, and sees to jobs that wait for others that somebody has deleted.
 */
public final class History implements Chore {

  private static final Duration PERIOD = Duration.ofHours(1);

  private final Partitions partitions;
  private final Database database;
  private final Sql forgetBatches;
  private final Sql healDependencies;
  private final int days;

  /**
   * @param days how many days are kept, beside today
   */
  public History(Database database, Statements sql, int days) {
    this.partitions = new Partitions(database, sql);
    this.database = database;
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
        .delayUntil(kept -> database.list(healDependencies, statement -> {}, row -> true));
  }
}
