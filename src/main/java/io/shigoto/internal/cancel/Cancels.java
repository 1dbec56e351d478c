package io.shigoto.internal.cancel;

import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.run.Run;
import io.shigoto.internal.run.Runs;
import io.shigoto.internal.wake.Wakeups;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
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

  private final Mono<List<Marked>> marked;
  private final String node;
  private final Runs runs;
  private final Function<Run, Mono<Void>> callOff;

  public Cancels(Database database, Statements sql, UUID node, Runs runs, CallOff callOff) {
    this(marked(database, sql.get("find_cancelling"), node.toString()), node, runs, callOff::of);
  }

  /**
   * @param marked looks at the table
   */
  Cancels(Mono<List<Marked>> marked, UUID node, Runs runs, Function<Run, Mono<Void>> callOff) {
    this.marked = marked;
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
    return marked.flatMapMany(Flux::fromIterable).flatMap(this::held, AT_ONCE).then();
  }

  private Mono<Void> held(Marked mark) {
    Run run = runs.find(mark.id, mark.lease);
    return run == null ? Mono.empty() : callOff.apply(run);
  }

  private static Mono<List<Marked>> marked(Database database, Sql find, String node) {
    return database.list(
        find,
        statement -> statement.bind(0, node),
        row ->
            new Marked(
                Objects.requireNonNull(row.get(0, Long.class)),
                Objects.requireNonNull(row.get(1, Long.class))));
  }

  /** A run whose job was called off. */
  record Marked(long id, long lease) {}
}
