package io.shigoto.internal.upkeep;

import io.r2dbc.spi.Statement;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Partitions;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Keeps the days of history: the next ones ready, the old ones dropped. Forgets batches as old as
 * those, messages to all nodes that are out of retention, starts that no rate limit counts any
 * more, discards of which nobody could be told, and the unique keys of jobs that are dropped or
 * whose period is over; and sees to jobs that wait for others that somebody has deleted, or that
 * have waited for others in vain.
 *
 * <p>One part after the other, so that it never takes more than one connection; a part that fails
 * keeps no other from being done. Each statement looks at so many rows at most.
 */
public final class History implements Chore {

  private static final Duration PERIOD = Duration.ofHours(1);

  /** So long that no clock matters. */
  private static final Duration RATES = Duration.ofHours(1);

  private static final int GROUP_SIZE = 5_000;

  private final Database database;
  private final List<Mono<Long>> parts;

  /**
   * @param days how many days are kept, beside today
   * @param broadcasts how long messages to all nodes are kept
   */
  public History(Database database, Statements sql, int days, Duration broadcasts) {
    this.database = database;
    Consumer<Statement> asDays = statement -> statement.bind(1, days);
    this.parts =
        List.of(
            new Partitions(database, sql).keep(days),
            inGroups(sql.get("forget_batches"), asDays),
            inGroups(sql.get("prune_unique_keys"), asDays),
            inGroups(sql.get("forget_untold"), asDays),
            inGroups(
                sql.get("forget_broadcasts"),
                statement -> statement.bind(1, broadcasts.toMillis())),
            inSlices(
                sql.get("forget_rates"),
                statement -> statement.bind(2, RATES.toMillis()),
                "",
                "",
                ""),
            inSlices(sql.get("heal_dependencies"), statement -> {}, "0"),
            inSlices(sql.get("forget_failed_parents"), statement -> {}, "0", "0"));
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
    return Flux.concatDelayError(Flux.fromIterable(parts)).reduce(0L, Long::sum);
  }

  /** Until there is nothing left, so many rows at a time; that number is the first parameter. */
  private Mono<Long> inGroups(Sql statement, Consumer<Statement> bind) {
    return database
        .list(statement, bind.andThen(bound -> bound.bind(0, GROUP_SIZE)), row -> true)
        .map(List::size)
        .repeat()
        .takeUntil(size -> size < GROUP_SIZE)
        .reduce(0L, Long::sum);
  }

  /**
   * Once over a table, so many rows at a time; that number is the first parameter, and the second
   * is the key behind which it goes on.
   *
   * @param start a key before all others
   */
  private Mono<Long> inSlices(Sql statement, Consumer<Statement> bind, String... start) {
    return Flux.just(new Slice(List.of(start), 0))
        .expand(slice -> slice(statement, bind, slice.end))
        .reduce(0L, (sum, slice) -> sum + slice.done);
  }

  private Flux<Slice> slice(Sql statement, Consumer<Statement> bind, List<String> after) {
    return database
        .list(
            statement,
            bind.andThen(bound -> bound.bind(0, GROUP_SIZE).bind(1, after.toArray(String[]::new))),
            row ->
                new Slice(
                    List.of(Objects.requireNonNull(row.get(0, String[].class))),
                    Objects.requireNonNull(row.get(1, Long.class))))
        .flatMapIterable(rows -> rows);
  }

  /**
   * A part of a table that was looked at.
   *
   * @param end the last key in it
   * @param done for how many of its rows there was something to do
   */
  private record Slice(List<String> end, long done) {}
}
