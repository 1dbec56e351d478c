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
   * that something is still left: it may be a transaction of a caller's that stays open.
   */
  private static final long FIRST_PAUSE = 10;

  private static final long LONGEST_PAUSE = 100;

  /** Behind the last of all, and the last of all. */
  private static final long NO_MORE = Long.MAX_VALUE;

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
    return Mono.just(Pass.BEGUN)
        .expand(pass -> pass.isOver() ? Mono.empty() : ends(pass).flatMap(this::counts))
        .last()
        .doOnNext(this::lookAgain)
        .thenReturn(true);
  }

  private void lookAgain(Pass pass) {
    if (pass.isLeft) {
      wakeups.alarm().in(pause.getAndUpdate(last -> Math.min(2 * last, LONGEST_PAUSE)));
    } else {
      pause.set(FIRST_PAUSE);
    }
  }

  private Mono<Pass> ends(Pass pass) {
    long behind = pass.endsBehind;
    return behind == NO_MORE
        ? Mono.just(pass)
        : watched(behind)
            .flatMap(
                watched ->
                    watched.areAll()
                        ? Mono.just(pass.ends(watched.last, false))
                        : followed(behind, watched.last)
                            .map(someAreLeft -> pass.ends(watched.last, someAreLeft)));
  }

  private Mono<Pass> counts(Pass pass) {
    return pass.countsBehind == NO_MORE
        ? Mono.just(pass)
        : told(
            database.list(
                foldCounts,
                statement -> statement.bind(0, GROUP_SIZE).bind(1, pass.countsBehind),
                row -> new Told<>(pass.counts(last(row, 2), isTrue(row, 1)), news(row, 0))));
  }

  private Mono<Watched> watched(long behind) {
    return database
        .list(
            watchParents,
            statement -> statement.bind(0, GROUP_SIZE).bind(1, behind),
            row ->
                new Watched(
                    number(row, 0),
                    number(row, 1),
                    last(row, 2),
                    Set.of(Objects.requireNonNull(row.get(3, String[].class)))))
        .map(rows -> rows.get(0))
        .doOnNext(watched -> tell(new News(watched.queues, -1, Set.of())));
  }

  /** Whether some are left. */
  private Mono<Boolean> followed(long behind, long upTo) {
    return told(
        database.list(
            followEnded,
            statement -> statement.bind(0, behind).bind(1, upTo),
            row -> new Told<>(isTrue(row, 0), news(row, 1))));
  }

  /** A node that stops meanwhile tells it all the same: nobody else knows. */
  private <T> Mono<T> told(Mono<List<Told<T>>> committed) {
    return Detached.of(committed.map(rows -> rows.get(0)).doOnNext(done -> tell(done.news)))
        .map(Told::what);
  }

  private static long number(Readable row, int column) {
    return Objects.requireNonNull(row.get(column, Long.class));
  }

  private static boolean isTrue(Readable row, int column) {
    return Boolean.TRUE.equals(row.get(column, Boolean.class));
  }

  private static long last(Readable row, int column) {
    Long last = row.get(column, Long.class);
    return last == null ? NO_MORE : last;
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
   * One look at all that is left, bit by bit: what others hold is passed over, however much it is.
   *
   * @param endsBehind behind which job it goes on
   * @param countsBehind behind which batch it goes on
   * @param isLeft whether something was passed over
   */
  private record Pass(long endsBehind, long countsBehind, boolean isLeft) {

    static final Pass BEGUN = new Pass(Long.MIN_VALUE, Long.MIN_VALUE, false);

    boolean isOver() {
      return endsBehind == NO_MORE && countsBehind == NO_MORE;
    }

    Pass ends(long behind, boolean someAreLeft) {
      return new Pass(behind, countsBehind, isLeft || someAreLeft);
    }

    Pass counts(long behind, boolean someAreLeft) {
      return new Pass(endsBehind, behind, isLeft || someAreLeft);
    }
  }

  /**
   * Jobs for which there are loose ends.
   *
   * @param seen how many were looked at, those that have ended too
   * @param done how many of them are watched
   * @param last behind which it goes on
   * @param queues where a claim may have passed over jobs meanwhile
   */
  private record Watched(long seen, long done, long last, Set<String> queues) {

    boolean areAll() {
      return seen == done;
    }
  }

  /** What was done, and what follows from it. */
  private record Told<T>(T what, News news) {}
}
