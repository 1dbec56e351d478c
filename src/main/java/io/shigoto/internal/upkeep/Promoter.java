package io.shigoto.internal.upkeep;

import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.wake.Alarm;
import io.shigoto.internal.wake.Wakeups;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Makes due jobs available at the moment they are due: it looks when the alarm goes off, and each
 * look tells when the next is due. A look at every backstop period makes up for whatever the alarm
 * was not told.
 */
public final class Promoter {

  private static final int GROUP_SIZE = 5000;

  private final Database database;
  private final Sql promote;
  private final String[] workers;
  private final Wakeups wakeups;
  private final Alarm alarm;
  private final Bell bell;
  private final Duration backstop;
  private final KeepGoing keepGoing;

  /**
   * @param workers the names that this node knows
   * @param bell told of what followed from the keys of jobs that are due
   */
  public Promoter(
      Database database,
      Statements sql,
      String[] workers,
      Wakeups wakeups,
      Bell bell,
      Duration backstop,
      Scheduler timer) {
    this.database = database;
    this.promote = sql.get("promote");
    this.workers = workers;
    this.wakeups = wakeups;
    this.alarm = wakeups.alarm();
    this.bell = bell;
    this.backstop = backstop;
    this.keepGoing = new KeepGoing("promote", timer);
  }

  /** Goes on while subscribed. */
  public Flux<?> flow() {
    return alarm.rings().concatMap(ring -> keepGoing.until(Mono.defer(this::once)), 0);
  }

  private Mono<Promoted> once() {
    alarm.clear(backstop);
    return Detached.of(promoted());
  }

  private Mono<Promoted> promoted() {
    return database
        .list(
            promote,
            statement -> statement.bind(0, GROUP_SIZE).bind(1, workers),
            row ->
                new Promoted(
                    Objects.requireNonNull(row.get(0, Long.class)),
                    row.get(1, Long.class),
                    List.of(Objects.requireNonNull(row.get(2, String[].class))),
                    Boolean.TRUE.equals(row.get(3, Boolean.class)),
                    news(row.get(4, String[].class)),
                    Boolean.TRUE.equals(row.get(5, Boolean.class))))
        .map(rows -> rows.get(0))
        .doOnNext(this::tell);
  }

  private static News news(String @Nullable [] told) {
    return told == null ? News.NONE : News.of(List.of(told));
  }

  /** The other nodes are told by the statement; this one looks at once, whether it hears or not. */
  private void tell(Promoted promoted) {
    promoted.queues.forEach(wakeups::queue);
    if (!promoted.news.isNone()) {
      bell.ring(promoted.news);
    }
    if (promoted.looseEnds) {
      wakeups.looseEnds().give();
    }
    if (promoted.untold) {
      wakeups.untold().give();
    }
    if (promoted.count >= GROUP_SIZE) {
      alarm.in(0);
    } else if (promoted.nextDueIn != null) {
      alarm.in(Math.max(1, promoted.nextDueIn));
    }
  }

  private record Promoted(
      long count,
      @Nullable Long nextDueIn,
      List<String> queues,
      boolean looseEnds,
      News news,
      boolean untold) {}
}
