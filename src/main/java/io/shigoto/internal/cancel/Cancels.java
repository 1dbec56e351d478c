package io.shigoto.internal.cancel;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.run.Run;
import io.shigoto.internal.run.Runs;
import io.shigoto.internal.wake.Wakeups;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Ends the runs of one incarnation whose jobs were called off: at once when it is told, and twice a
 * second while it holds anything, told or not. The table says which runs; the message only when to
 * look. A run whose claim is not answered yet is found by the next look.
 */
public final class Cancels {

  private static final Duration PERIOD = Duration.ofMillis(500);
  private static final int AT_ONCE = 1000;

  private final Database database;
  private final Sql findCancelling;
  private final String node;
  private final Runs runs;
  private final CallOff callOff;

  public Cancels(Database database, Statements sql, UUID node, Runs runs, CallOff callOff) {
    this.database = database;
    this.findCancelling = sql.get("find_cancelling");
    this.node = node.toString();
    this.runs = runs;
    this.callOff = callOff;
  }

  /** Goes on while subscribed. */
  public Flux<?> flow(Wakeups wakeups, Scheduler timer) {
    KeepGoing keepGoing = new KeepGoing("cancel", timer);
    Flux<?> ticks = Flux.interval(PERIOD, timer).filter(tick -> runs.size() > 0);
    return Flux.merge(wakeups.cancelsOf(node).looks(), ticks)
        .onBackpressureLatest()
        .concatMap(look -> keepGoing.until(once()).thenReturn(true), 0)
        .doFinally(end -> wakeups.over(node));
  }

  private Mono<Void> once() {
    return database
        .list(findCancelling, statement -> statement.bind(0, node), this::held)
        .flatMapMany(Flux::fromIterable)
        .flatMap(mine -> mine, AT_ONCE)
        .then();
  }

  private Mono<Void> held(Readable row) {
    Run run =
        runs.find(
            Objects.requireNonNull(row.get(0, Long.class)),
            Objects.requireNonNull(row.get(1, Long.class)));
    return run == null ? Mono.empty() : callOff.of(run);
  }
}
