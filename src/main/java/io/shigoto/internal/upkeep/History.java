package io.shigoto.internal.upkeep;

import io.shigoto.internal.history.Gradual;
import io.shigoto.internal.history.Partitions;
import io.shigoto.internal.history.Retention;
import io.shigoto.internal.history.Thinning;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.JobState;
import java.time.Duration;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Keeps the days of history: the next ones ready, the old ones dropped, and in between without the
 * jobs in states that are kept for a shorter time. Forgets batches as old as the oldest of those,
 * messages to all nodes that are out of retention, starts that no rate limit counts any more,
 * discards of which nobody could be told, and the unique keys of jobs that are dropped or whose
 * period is over; and sees to jobs that wait for others that somebody has deleted, or that have
 * waited for others in vain.
 *
 * <p>One part after the other, so that it never takes more than one connection; a part that fails
 * keeps no other from being done. Each statement looks at so many rows at most.
 */
public final class History implements Chore {

  private static final Duration PERIOD = Duration.ofHours(1);

  /** So long that no clock matters. */
  private static final Duration RATES = Duration.ofHours(1);

  private final List<Mono<Long>> parts;

  /**
   * @param retention how long ended jobs are kept, and what follows from them
   * @param broadcasts how long messages to all nodes are kept
   */
  public History(Database database, Statements sql, Retention retention, Duration broadcasts) {
    Gradual gradual = new Gradual(database);
    Thinning thinning = new Thinning(database, sql, retention);
    this.parts =
        List.of(
            new Partitions(database, sql).keep(retention.longest()),
            thinning.rest(),
            gradual.untilNothingIsLeft(
                sql.get("forget_batches"), bound -> bound.bind(1, retention.longest())),
            gradual.untilNothingIsLeft(sql.get("prune_unique_keys"), retention::bind),
            gradual.untilNothingIsLeft(
                sql.get("forget_untold"),
                bound -> bound.bind(1, retention.days(JobState.DISCARDED))),
            gradual.untilNothingIsLeft(
                sql.get("forget_broadcasts"), bound -> bound.bind(1, broadcasts.toMillis())),
            gradual.once(
                sql.get("forget_rates"), bound -> bound.bind(2, RATES.toMillis()), "", "", ""),
            gradual.once(sql.get("heal_dependencies"), bound -> {}, "0"),
            gradual.once(sql.get("forget_failed_parents"), bound -> {}, "0", "0"),
            thinning.days());
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
}
