package io.shigoto.internal.await;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.await.Standing.Open;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.JobState;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * {@code watch.sql} and {@code find_gone.sql}. Jobs that are looked at while a look is under way
 * are the next look.
 */
public final class Looks {

  /** Each may have a result of the largest size. */
  private static final int GROUP_SIZE = 200;

  private static final int AT_ONCE = 2;

  private final Database database;
  private final Sql watch;
  private final Sql findGone;
  private final Bell bell;
  private final Scheduler scheduler;
  private final GroupCommit<Long, Standing> group;

  /**
   * @param bell rung for queues whose claims a look may have disturbed
   * @param scheduler where answers are given
   */
  public Looks(Database database, Statements sql, Bell bell, Scheduler scheduler) {
    this.database = database;
    this.watch = sql.get("watch");
    this.findGone = sql.get("find_gone");
    this.bell = bell;
    this.scheduler = scheduler;
    this.group = new GroupCommit<>(this::look, Database::isRefusal, id -> 0, GROUP_SIZE, AT_ONCE);
  }

  /** Looks how a job stands and, if it lives, sees to it that its end is told. */
  Mono<Standing> at(long id) {
    return group.submit(id);
  }

  /** Which of these do not live any more. */
  Mono<List<Long>> gone(Collection<Long> ids) {
    Long[] waited = ids.toArray(Long[]::new);
    return database.list(findGone, statement -> statement.bind(0, waited), Looks::id);
  }

  private Mono<List<Standing>> look(List<Long> ids) {
    Long[] ascending = ids.stream().distinct().sorted().toArray(Long[]::new);
    return database
        .list(watch, statement -> statement.bind(0, ascending), Row::of)
        .doOnNext(this::wakeWhoPassedOver)
        .publishOn(scheduler)
        .map(Looks::standings)
        .map(found -> ids.stream().map(id -> found.getOrDefault(id, Open.GONE)).toList());
  }

  private void wakeWhoPassedOver(List<Row> rows) {
    rows.stream()
        .map(Row::queue)
        .filter(Objects::nonNull)
        .distinct()
        .forEach(queue -> bell.ring(News.available(queue)));
  }

  /** A live job that was marked has two rows: that it is watched is the later word. */
  private static Map<Long, Standing> standings(List<Row> rows) {
    Map<Long, Standing> standings = new HashMap<>();
    rows.forEach(
        row ->
            standings.merge(
                row.id, row.standing(), (one, other) -> one == Open.HELD ? other : one));
    return standings;
  }

  private static Long id(Readable row) {
    return Objects.requireNonNull(row.get(0, Long.class));
  }

  private record Row(
      long id,
      String state,
      @Nullable String queue,
      @Nullable String result,
      @Nullable String errorType,
      @Nullable String errorMessage) {

    static Row of(Readable row) {
      return new Row(
          Looks.id(row),
          Objects.requireNonNull(row.get(1, String.class)),
          row.get(2, String.class),
          row.get(3, String.class),
          row.get(4, String.class),
          row.get(5, String.class));
    }

    Standing standing() {
      return switch (state) {
        case "live" -> Open.HELD;
        case "watched" -> Open.WATCHED;
        default ->
            new Standing.Ended(
                new Ending(id, JobState.ofSqlName(state), result, errorType, errorMessage));
      };
    }
  }
}
