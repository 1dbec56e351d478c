package io.shigoto.internal.upkeep;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.run.Runs;
import io.shigoto.internal.settle.Settler;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Gives back what the node owns in the table but does not hold: a claim that committed and whose
 * answer was lost. Only claims older than any statement can be are looked at, so one that is still
 * under way is left alone.
 */
public final class Audit implements Chore {

  private static final Logger LOG = LoggerFactory.getLogger(Audit.class);
  private static final int AT_ONCE = 1000;

  private final Database database;
  private final Sql findOwned;
  private final UUID node;
  private final Duration settled;
  private final Runs runs;
  private final Settler settler;
  private final Events events;

  /**
   * @param settled how old a claim must be for its answer to have arrived, if it ever does
   */
  public Audit(
      Database database,
      Statements sql,
      UUID node,
      Duration settled,
      Runs runs,
      Settler settler,
      Events events) {
    this.database = database;
    this.findOwned = sql.get("find_owned");
    this.node = node;
    this.settled = settled;
    this.runs = runs;
    this.settler = settler;
    this.events = events;
  }

  @Override
  public String name() {
    return "audit";
  }

  @Override
  public Duration period() {
    return settled;
  }

  @Override
  public Mono<Long> once() {
    return database
        .list(
            findOwned,
            statement -> statement.bind(0, node.toString()).bind(1, settled.toMillis()),
            Rescue::read)
        .map(this::notHeld)
        .flatMap(settler::free)
        .flatMapMany(Flux::fromIterable)
        .flatMap(this::giveBack, AT_ONCE)
        .filter(Settlement::isWritten)
        .count()
        .doOnNext(Audit::tell);
  }

  /** In the order of their ids, as all that is written. */
  private List<RunKey> notHeld(List<RunKey> owned) {
    return owned.stream()
        .filter(run -> !runs.holds(run.id(), run.lease()))
        .sorted(Comparator.comparingLong(RunKey::id))
        .toList();
  }

  private Mono<Settlement> giveBack(RunKey run) {
    return Detached.of(settler.settle(Settlement.released(run)).doOnNext(this::tell));
  }

  private void tell(Settlement settled) {
    if (settled.isWritten()) {
      String why = settled.kind() == JobEvent.Kind.RELEASED ? "audit" : null;
      events.ofRun(settled.kind(), settled.run(), null, why);
    }
  }

  private static void tell(long count) {
    if (count > 0) {
      LOG.atWarn().addKeyValue("count", count).log("gave back jobs whose claim was never answered");
    }
  }
}
