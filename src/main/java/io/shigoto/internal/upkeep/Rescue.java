package io.shigoto.internal.upkeep;

import io.r2dbc.spi.Readable;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.run.Discards;
import io.shigoto.internal.settle.Settler;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Settles runs whose node is gone as failed attempts: error remembered, backoff applied,
 * maxAttempts respected, whether this node knows the worker or not. It is a settlement like any
 * other, fenced by the lease of the run as it was found: so nodes may rescue at the same time, and
 * a job that was settled or claimed meanwhile is left alone.
 */
public final class Rescue implements Chore {

  private static final Logger LOG = LoggerFactory.getLogger(Rescue.class);
  private static final int GROUP_SIZE = 1000;
  private static final Duration FORGET_NODES_AFTER = Duration.ofHours(1);

  private final Database database;
  private final Sql findLost;
  private final Sql pruneNodes;
  private final Duration period;
  private final BiFunction<RunKey, String, Mono<Settlement>> failed;
  private final Settler settler;
  private final Events events;
  private final Discards discards;

  /**
   * @param failed what is to be written about a run whose node, of this name, is gone
   */
  public Rescue(
      Database database,
      Statements sql,
      Duration period,
      BiFunction<RunKey, String, Mono<Settlement>> failed,
      Settler settler,
      Events events,
      Discards discards) {
    this.database = database;
    this.findLost = sql.get("find_lost");
    this.pruneNodes = sql.get("prune_nodes");
    this.period = period;
    this.failed = failed;
    this.settler = settler;
    this.events = events;
    this.discards = discards;
  }

  @Override
  public String name() {
    return "rescue";
  }

  @Override
  public Duration period() {
    return period;
  }

  /** All that is lost, group by group. */
  @Override
  public Mono<Long> once() {
    return group()
        .repeat()
        .takeUntil(Group::isLast)
        .reduce(0L, (count, group) -> count + group.written)
        .doOnNext(Rescue::tell)
        .delayUntil(rescued -> prune());
  }

  private Mono<Group> group() {
    return database
        .list(findLost, statement -> statement.bind(0, GROUP_SIZE), Rescue::readLost)
        .flatMap(lost -> rescue(lost).map(written -> new Group(lost.size(), written)));
  }

  private static Lost readLost(Readable row) {
    return new Lost(read(row), Objects.requireNonNull(row.get(6, String.class)));
  }

  /** A run as find_lost.sql and find_owned.sql return it. */
  static RunKey read(Readable row) {
    return new RunKey(
        Objects.requireNonNull(row.get(0, Long.class)),
        Objects.requireNonNull(row.get(1, Long.class)),
        Objects.requireNonNull(row.get(2, String.class)),
        Objects.requireNonNull(row.get(3, String.class)),
        Objects.requireNonNull(row.get(4, Integer.class)),
        Objects.requireNonNull(row.get(5, Integer.class)));
  }

  private Mono<Long> rescue(List<Lost> lost) {
    return Flux.fromIterable(lost)
        .flatMap(this::rescue, GROUP_SIZE)
        .filter(Settlement::isWritten)
        .count();
  }

  private Mono<Settlement> rescue(Lost lost) {
    return Detached.of(
        failed
            .apply(lost.run, lost.node)
            .flatMap(settlement -> settler.settle(settlement.asRescue()))
            .doOnNext(this::rescued));
  }

  private void rescued(Settlement settled) {
    if (settled.isWritten()) {
      events.ofRun(JobEvent.Kind.RESCUED, settled.run(), null, settled.to().sqlName());
    }
    if (settled.isWritten() && settled.isDiscard()) {
      discards.add(settled.run());
    }
  }

  private Mono<Long> prune() {
    return database
        .list(
            pruneNodes, statement -> statement.bind(0, FORGET_NODES_AFTER.toMillis()), row -> true)
        .map(rows -> (long) rows.size());
  }

  private static void tell(long count) {
    if (count > 0) {
      LOG.atWarn().addKeyValue("count", count).log("rescued runs of lost nodes");
    }
  }

  private record Group(int found, long written) {

    /** Where nothing was written, others do it, or it does not go now. */
    boolean isLast() {
      return found < GROUP_SIZE || written == 0;
    }
  }

  /** A run, and the name of its node, which is gone. */
  private record Lost(RunKey run, String node) {}
}
