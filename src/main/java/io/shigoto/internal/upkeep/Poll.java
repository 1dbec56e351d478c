package io.shigoto.internal.upkeep;

import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.wake.Wakeups;
import java.time.Duration;
import java.util.Objects;
import reactor.core.publisher.Mono;

/** The backstop of all wakeups: one statement for all queues of the node. */
public final class Poll implements Chore {

  private final Database database;
  private final Sql poll;
  private final String[] queues;
  private final String[] workers;
  private final Duration period;
  private final Wakeups wakeups;

  public Poll(
      Database database,
      Statements sql,
      String[] queues,
      String[] workers,
      Duration period,
      Wakeups wakeups) {
    this.database = database;
    this.poll = sql.get("poll");
    this.queues = queues;
    this.workers = workers;
    this.period = period;
    this.wakeups = wakeups;
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
  public Mono<Long> once() {
    return database
        .list(
            poll,
            statement -> statement.bind(0, queues).bind(1, workers),
            row -> Objects.requireNonNull(row.get(0, String.class)))
        .doOnNext(found -> found.forEach(wakeups::queue))
        .map(found -> (long) found.size());
  }
}
