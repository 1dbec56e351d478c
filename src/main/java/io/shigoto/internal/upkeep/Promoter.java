package io.shigoto.internal.upkeep;

import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.wake.Alarm;
import java.time.Duration;
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
  private final Alarm alarm;
  private final Duration backstop;
  private final KeepGoing keepGoing;

  public Promoter(
      Database database, Statements sql, Alarm alarm, Duration backstop, Scheduler timer) {
    this.database = database;
    this.promote = sql.get("promote");
    this.alarm = alarm;
    this.backstop = backstop;
    this.keepGoing = new KeepGoing("promote", timer);
  }

  /** Goes on while subscribed. */
  public Flux<?> flow() {
    return alarm.rings().concatMap(ring -> keepGoing.until(Mono.defer(this::once)), 0);
  }

  private Mono<Promoted> once() {
    alarm.clear(backstop);
    return database
        .list(
            promote,
            statement -> statement.bind(0, GROUP_SIZE),
            row ->
                new Promoted(
                    Objects.requireNonNull(row.get(0, Long.class)), row.get(1, Long.class)))
        .map(rows -> rows.get(0))
        .doOnNext(this::setAlarm);
  }

  private void setAlarm(Promoted promoted) {
    if (promoted.count >= GROUP_SIZE) {
      alarm.in(0);
    } else if (promoted.nextDueIn != null) {
      alarm.in(Math.max(1, promoted.nextDueIn));
    }
  }

  private record Promoted(long count, @Nullable Long nextDueIn) {}
}
