package io.shigoto.internal.upkeep;

import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.partitioningBy;
import static java.util.stream.Collectors.toSet;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.wake.Pauses;
import io.shigoto.internal.wake.Wakeups;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The backstop of all wakeups: one statement for all queues of the node. It also tells which queues
 * are paused, and is done at once when that has changed.
 */
public final class Poll implements Chore {

  private final Database database;
  private final Sql poll;
  private final Supplier<String[]> queues;
  private final String[] workers;
  private final Duration period;
  private final Wakeups wakeups;
  private final Pauses pauses;

  public Poll(
      Database database,
      Statements sql,
      Supplier<String[]> queues,
      String[] workers,
      Duration period,
      Wakeups wakeups,
      Pauses pauses) {
    this.database = database;
    this.poll = sql.get("poll");
    this.queues = queues;
    this.workers = workers;
    this.period = period;
    this.wakeups = wakeups;
    this.pauses = pauses;
  }

  @Override
  public String name() {
    return "poll";
  }

  @Override
  public Duration period() {
    return period;
  }

  @Override
  public Flux<?> reasons() {
    return pauses.looks();
  }

  @Override
  public Mono<Long> once() {
    return database
        .list(
            poll,
            statement -> statement.bind(0, queues.get()).bind(1, workers),
            row -> new Found(get(row, 0, String.class), get(row, 1, Boolean.class)))
        .map(this::tell);
  }

  private long tell(List<Found> found) {
    Map<Boolean, Set<String>> byPause =
        found.stream().collect(partitioningBy(Found::paused, mapping(Found::queue, toSet())));
    pauses.saw(byPause.getOrDefault(true, Set.of()));
    Set<String> withWork = byPause.getOrDefault(false, Set.of());
    withWork.forEach(wakeups::queue);
    return withWork.size();
  }

  private static <T> T get(Readable row, int column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type));
  }

  private record Found(String queue, boolean paused) {}
}
