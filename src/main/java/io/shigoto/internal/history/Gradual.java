package io.shigoto.internal.history;

import io.r2dbc.spi.Statement;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Goes through large tables, so many rows at a time, each time in a statement of its own. How many
 * is their first parameter.
 */
public final class Gradual {

  private static final int GROUP_SIZE = 5_000;

  private final Database database;

  public Gradual(Database database) {
    this.database = database;
  }

  /** Until the statement finds nothing more; emits how many rows it returned. */
  public Mono<Long> untilNothingIsLeft(Sql statement, Consumer<Statement> bind) {
    return database
        .list(statement, bind.andThen(bound -> bound.bind(0, GROUP_SIZE)), row -> true)
        .map(List::size)
        .repeat()
        .takeUntil(size -> size < GROUP_SIZE)
        .reduce(0L, Long::sum);
  }

  /**
   * Once over a table; the second parameter is the key behind which it goes on. Emits the sum of
   * what the statement returned beside that.
   *
   * @param start a key before all others
   */
  public Mono<Long> once(Sql statement, Consumer<Statement> bind, String... start) {
    return Flux.just(new Slice(List.of(start), 0))
        .expand(slice -> next(statement, bind, slice.end))
        .reduce(0L, (sum, slice) -> sum + slice.count);
  }

  private Flux<Slice> next(Sql statement, Consumer<Statement> bind, List<String> after) {
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
   * @param count what the statement told of it
   */
  private record Slice(List<String> end, long count) {}
}
