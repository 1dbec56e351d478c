package io.shigoto.internal.control;

import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import io.shigoto.control.Conditions;
import io.shigoto.internal.control.Act.Done;
import io.shigoto.internal.control.Patience.Busy;
import io.shigoto.internal.find.BoundFilter;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Does something to all jobs that a filter means: slice by slice, in the order of their ids, each
 * slice a transaction of its own. It knows nothing newer than the newest job of its beginning, so
 * it ends, whatever is inserted meanwhile. Jobs that somebody else has locked come along to the
 * next slice, and are waited for at the end. A slice of which others keep a statement waiting is
 * done by several.
 */
final class Sweep {

  private static final int SLICE = 1_000;
  private static final int WALK = 50_000;

  /** A job is inserted after those that it depends on. */
  enum Order {

    /** For what brings jobs to life: those that depend on others come behind them. */
    OLDEST_FIRST,

    /** For what ends jobs: none is set free by an end before its own turn comes. */
    NEWEST_FIRST
  }

  private final Database database;
  private final Sql findLast;
  private final Sql match;
  private final Json json;
  private final Patience patience;

  Sweep(Database database, Statements sql, Json json, Patience patience) {
    this.database = database;
    this.findLast = sql.get("find_last");
    this.match = sql.get("match");
    this.json = json;
    this.patience = patience;
  }

  /**
   * How many jobs had which outcome. Cancel: no further slice begins.
   *
   * @throws IllegalArgumentException if the args cannot be written
   */
  Mono<Map<String, Long>> over(Conditions meant, Act act, Order order) {
    BoundFilter filter = BoundFilter.of(meant, json);
    return database
        .list(findLast, statement -> {}, row -> row.get(0, Long.class))
        .flatMapIterable(last -> last)
        .next()
        .flatMap(last -> over(meant, filter, act, Ids.upTo(last, order)))
        .defaultIfEmpty(Map.of());
  }

  private Mono<Map<String, Long>> over(Conditions meant, BoundFilter filter, Act act, Ids all) {
    return Mono.just(new Progress(all, List.of(), List.of(), Map.of()))
        .expand(at -> at.isOver() ? Mono.empty() : patience.until(slice(meant, filter, act, at)))
        .last()
        .map(Progress::counts);
  }

  private Mono<Progress> slice(Conditions meant, BoundFilter filter, Act act, Progress at) {
    Ids left = at.left;
    if (left == null || at.locked.size() > SLICE / 2) {
      return act.on(at.locked, meant.states())
          .flatMap(done -> rest(at.and(left, done), meant, act))
          .flatMap(now -> moved(now, at));
    }
    return database
        .list(
            match,
            statement -> left.bind(statement, filter.bind(statement), SLICE - at.locked.size()),
            row -> Matched.read(row, left))
        .map(rows -> rows.get(0))
        .flatMap(
            found ->
                found.ids.isEmpty()
                    ? Mono.just(at.and(found.left))
                    : act.on(both(at.locked, found.ids), meant.states())
                        .flatMap(done -> rest(at.and(found.left, done), meant, act)));
  }

  /** What the statement did not come to, statement by statement: each comes to one at least. */
  private Mono<Progress> rest(Progress begun, Conditions meant, Act act) {
    return Mono.just(begun)
        .expand(
            at ->
                at.untried.isEmpty()
                    ? Mono.empty()
                    : patience.until(act.on(at.untried, meant.states()).map(at::alsoTried)))
        .last();
  }

  /** What is only waited for is waited for in {@link Patience}. */
  private static Mono<Progress> moved(Progress now, Progress before) {
    return now.locked.size() < before.locked.size()
        ? Mono.just(now)
        : Mono.error(() -> new Busy("jobs such as " + now.locked.get(0) + " are"));
  }

  private static List<Long> both(List<Long> some, List<Long> others) {
    List<Long> all = new ArrayList<>(some);
    all.addAll(others);
    return all;
  }

  /** Ids that are still to be looked at: those between two, in an order. */
  private record Ids(long above, long below, Order order) {

    static Ids upTo(long last, Order order) {
      return new Ids(0, last + 1, order);
    }

    Ids behind(long walked) {
      return order == Order.OLDEST_FIRST
          ? new Ids(walked, below, order)
          : new Ids(above, walked, order);
    }

    void bind(Statement statement, int next, int most) {
      statement
          .bind(next, above)
          .bind(next + 1, below)
          .bind(next + 2, order == Order.OLDEST_FIRST ? "ASC" : "DESC")
          .bind(next + 3, most)
          .bind(next + 4, WALK);
    }
  }

  /**
   * Jobs that are meant.
   *
   * @param left what is still to be looked at; null: nothing
   */
  private record Matched(List<Long> ids, @Nullable Ids left) {

    static Matched read(Readable row, Ids from) {
      Long[] ids = row.get(0, Long[].class);
      Long walked = row.get(1, Long.class);
      return new Matched(
          ids == null ? List.of() : List.of(ids), walked == null ? null : from.behind(walked));
    }
  }

  /**
   * How far it is.
   *
   * @param left what is still to be looked at; null: nothing
   * @param locked what is to be tried again
   * @param untried to what the last statement did not come
   * @param counts what became of the others
   */
  private record Progress(
      @Nullable Ids left, List<Long> locked, List<Long> untried, Map<String, Long> counts) {

    boolean isOver() {
      return left == null && locked.isEmpty();
    }

    Progress and(@Nullable Ids nowLeft) {
      return new Progress(nowLeft, locked, untried, counts);
    }

    /** What was locked was tried again. */
    Progress and(@Nullable Ids nowLeft, List<Done> done) {
      return tried(nowLeft, List.of(), done);
    }

    Progress alsoTried(List<Done> done) {
      return tried(left, locked, done);
    }

    private Progress tried(@Nullable Ids nowLeft, List<Long> stillLocked, List<Done> done) {
      Map<String, Long> sum = new HashMap<>(counts);
      List<Long> again = new ArrayList<>(stillLocked);
      List<Long> next = new ArrayList<>();
      for (Done job : done) {
        if (job.isLocked()) {
          again.add(job.id());
        } else if (job.isUntried()) {
          next.add(job.id());
        } else {
          sum.merge(job.outcome(), 1L, Long::sum);
        }
      }
      return new Progress(nowLeft, again, next, sum);
    }
  }
}
