package io.shigoto.internal.settle;

import io.r2dbc.spi.Connection;
import io.shigoto.internal.job.Completing;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.json.Json;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Completions that workers write in transactions of their own, and what is done about such a run
 * once it has ended. Only the tables know whether its transaction has committed; while that is
 * open, nothing may be written that would wait for it.
 */
public final class Completions implements Completing {

  private static final Logger LOG = LoggerFactory.getLogger(Completions.class);
  private static final int FIRST_PAUSE_MILLIS = 5;
  private static final int DOUBLINGS = 7;
  private static final Duration PATIENCE_AFTER_CUT = Duration.ofSeconds(2);

  private final Settler settler;
  private final Json json;
  private final Scheduler timer;
  private final Function<RunKey, Mono<Settlement>> notCommitted;

  /**
   * @param notCommitted what is written about a run that says that it is done, when its transaction
   *     did not commit
   */
  public Completions(
      Settler settler,
      Json json,
      Scheduler timer,
      Function<RunKey, Mono<Settlement>> notCommitted) {
    this.settler = settler;
    this.json = json;
    this.timer = timer;
    this.notCommitted = notCommitted;
  }

  @Override
  public Mono<Void> complete(RunKey run, Connection connection, @Nullable Object result) {
    String text =
        result == null ? null : json.write("result of worker '" + run.worker() + "'", result);
    return Mono.defer(
        () ->
            connection.isAutoCommit()
                ? Mono.error(new IllegalStateException("completeIn needs an open transaction"))
                : settler
                    .complete(connection, run, text)
                    .flatMap(written -> written ? Mono.empty() : Mono.error(twice(run))));
  }

  private static IllegalStateException twice(RunKey run) {
    return new IllegalStateException(
        "job " + run.id() + " is completed already: completeIn was called before");
  }

  /**
   * Settles a run that has ended and may have been completed by its worker. Emits what stands in
   * the table, as {@link Settler#settle} does.
   *
   * @param outcome what is to be written if it was not
   * @param cut when it completes, a transaction that is still open is not waited for much longer
   */
  public Mono<Settlement> settle(Settlement outcome, Mono<Void> cut) {
    return standing(outcome.run(), cut)
        .flatMap(
            standing ->
                switch (standing) {
                  case COMPLETED -> Mono.just(completedBefore(outcome));
                  case FREE ->
                      instead(outcome).flatMap(settler::settleAlone).flatMap(this::orCompleted);
                  case HELD, LOST -> Mono.just(outcome.superseded());
                });
  }

  private Mono<Settlement> instead(Settlement outcome) {
    return outcome.isCompletion() ? notCommitted.apply(outcome.run()) : Mono.just(outcome);
  }

  /** The worker's transaction may have come in between. */
  private Mono<Settlement> orCompleted(Settlement settled) {
    return settled.isWritten()
        ? Mono.just(settled)
        : settler
            .standing(settled.run())
            .map(now -> now == Standing.COMPLETED ? completedBefore(settled) : settled);
  }

  private Settlement completedBefore(Settlement outcome) {
    settler.completedElsewhere(outcome.run());
    return Settlement.completed(outcome.run(), null);
  }

  /** What no look could tell before the patience was over is as good as held. */
  private Mono<Standing> standing(RunKey run, Mono<Void> cut) {
    Mono<Long> patience = cut.then(Mono.delay(PATIENCE_AFTER_CUT, timer));
    return settler
        .standing(run)
        .repeatWhen(
            looks ->
                looks
                    .index((look, seen) -> look)
                    .concatMap(look -> pause(run, look))
                    .takeUntilOther(patience))
        .takeUntil(standing -> standing != Standing.HELD)
        .last(Standing.HELD);
  }

  private Mono<Long> pause(RunKey run, long look) {
    if (look == DOUBLINGS) {
      LOG.atWarn()
          .addKeyValue("job", run.id())
          .addKeyValue("worker", run.worker())
          .addKeyValue("attempt", run.attempt())
          .log("a run has ended, but not the transaction in which it called completeIn");
    }
    return Mono.delay(
        Duration.ofMillis((long) FIRST_PAUSE_MILLIS << Math.min(look, DOUBLINGS)), timer);
  }
}
