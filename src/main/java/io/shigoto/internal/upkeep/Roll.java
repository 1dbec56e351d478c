package io.shigoto.internal.upkeep;

import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Keeps the node's row true about which queues it serves, and whether it serves any at all. */
public final class Roll implements Chore {

  private static final Duration PERIOD = Duration.ofMinutes(1);

  private final Database database;
  private final Sql serve;
  private final UUID node;
  private final Supplier<String[]> queues;
  private final BooleanSupplier stopping;
  private final Flux<?> changes;

  /**
   * @param stopping whether the node claims no more
   * @param changes reasons to write it before its time
   */
  public Roll(
      Database database,
      Statements sql,
      UUID node,
      Supplier<String[]> queues,
      BooleanSupplier stopping,
      Flux<?> changes) {
    this.database = database;
    this.serve = sql.get("serve");
    this.node = node;
    this.queues = queues;
    this.stopping = stopping;
    this.changes = changes;
  }

  @Override
  public String name() {
    return "serve";
  }

  @Override
  public Duration period() {
    return PERIOD;
  }

  @Override
  public Flux<?> reasons() {
    return changes;
  }

  @Override
  public Mono<Long> once() {
    return database
        .list(
            serve,
            statement ->
                statement
                    .bind(0, node.toString())
                    .bind(1, queues.get())
                    .bind(2, stopping.getAsBoolean()),
            row -> true)
        .map(rows -> (long) rows.size());
  }
}
