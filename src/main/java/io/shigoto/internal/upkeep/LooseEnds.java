package io.shigoto.internal.upkeep;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.internal.wake.Wakeups;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Sees to what enqueues and transactions of callers have left: jobs that somebody began to wait for
 * are watched, or found to have ended; what is to be counted is counted. Whoever left it has locked
 * nothing, so that nobody waits for a caller. Any number of nodes may do it at the same time.
 *
 * <p>Each statement is a transaction of its own. The one that marks jobs as watched waits for
 * nobody, and the others lock what settlements lock, in the same order: so nobody ends up waiting
 * for each other.
 */
public final class LooseEnds {

  private static final int GROUP_SIZE = 10_000;

  /**
   * After so many ms what others held locked is looked at again, and after twice as many each time
   * that nothing could be done: it may be a transaction of a caller's that stays open.
   */
  private static final long FIRST_PAUSE = 10;

  private static final long LONGEST_PAUSE = 100;

  private final Database database;
  private final Sql watchParents;
  private final Sql followEnded;
  private final Sql foldCounts;
  private final Wakeups wakeups;
  private final Bell bell;
  private final KeepGoing keepGoing;
  private final AtomicLong pause = new AtomicLong(FIRST_PAUSE);

  /**
   * @param bell told of what follows
   */
  public LooseEnds(Database database, Statements sql, Wakeups wakeups, Bell bell, Scheduler timer) {
    this.database = database;
    this.watchParents = sql.get("watch_parents");
    this.followEnded = sql.get("follow_ended");
    this.foldCounts = sql.get("fold_counts");
    this.wakeups = wakeups;
    this.bell = bell;
    this.keepGoing = new KeepGoing("dependencies", timer);
  }

  /** Goes on while subscribed. */
  public Flux<?> flow() {
    return wakeups.looseEnds().looks().concatMap(look -> keepGoing.until(once()), 0);
  }

  private Mono<Boolean> once() {
    return watched()
        .zipWhen(watched -> followed(), Watched::and)
        .zipWhen(watched -> counted(), Watched::orHeld)
        .doOnNext(this::lookAgain)
        .thenReturn(true);
  }

  private void lookAgain(Watched watched) {
    boolean isLeft = watched.seen > watched.done || watched.held;
    if (watched.done > 0 || !isLeft) {
      pause.set(FIRST_PAUSE);
    }
    if (watched.done > 0 && watched.seen >= GROUP_SIZE) {
      wakeups.looseEnds().give();
    } else if (isLeft) {
      wakeups.alarm().in(pause.getAndUpdate(last -> Math.min(2 * last, LONGEST_PAUSE)));
    }
  }

  private Mono<Watched> watched() {
    return database
        .list(
            watchParents,
            statement -> statement.bind(0, GROUP_SIZE),
            row ->
                new Watched(
                    number(row, 0),
                    number(row, 1),
                    false,
                    Set.of(Objects.requireNonNull(row.get(2, String[].class)))))
        .map(rows -> rows.get(0))
        .doOnNext(watched -> tell(new News(watched.queues, -1, Set.of())));
  }

  private Mono<Long> followed() {
    return told(database.list(
            followEnded,
            statement -> statement.bind(0, GROUP_SIZE),
            row -> new Followed(number(row, 0), false, news(row, 1))))
        .map(Followed::done);
  }

  private Mono<Boolean> counted() {
    return told(database.list(
            foldCounts,
            statement -> statement.bind(0, GROUP_SIZE),
            row ->
                new Followed(0, Objects.requireNonNull(row.get(1, Boolean.class)), news(row, 0))))
        .map(Followed::held);
  }

  /** A node that stops meanwhile tells it all the same: nobody else knows. */
  private Mono<Followed> told(Mono<List<Followed>> committed) {
    return Detached.of(
        committed.map(rows -> rows.get(0)).doOnNext(followed -> tell(followed.news)));
  }

  private static long number(Readable row, int column) {
    return Objects.requireNonNull(row.get(column, Long.class));
  }

  private static News news(Readable row, int column) {
    String[] messages = row.get(column, String[].class);
    return messages == null ? News.NONE : News.of(List.of(messages));
  }

  private void tell(News news) {
    if (!news.isNone()) {
      bell.ring(news);
    }
  }

  /**
   * Loose ends.
   *
   * @param seen how many were looked at, those of ended jobs too
   * @param done how many of them are done with
   * @param held whether counts are left because others hold their batches
   * @param queues where a claim may have passed over jobs meanwhile
   */
  private record Watched(long seen, long done, boolean held, Set<String> queues) {

    Watched and(long followed) {
      return new Watched(seen, done + followed, held, queues);
    }

    Watched orHeld(boolean countsToo) {
      return new Watched(seen, done, countsToo, queues);
    }
  }

  /** What followed from ends. */
  private record Followed(long done, boolean held, News news) {}
}
