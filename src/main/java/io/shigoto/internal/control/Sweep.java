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
 * Does something to all jobs that a filter means: slice by slice, ascending by id, each slice a
 * transaction of its own. It goes as far as the newest job of its beginning, so it ends, whatever
 * is inserted meanwhile. Jobs that somebody else has locked come along to the next slice, and are
 * waited for at the end. A slice of which others keep a statement waiting is done by several.
 */
final class Sweep {

  private static final int SLICE = 1_000;
  private static final int WALK = 50_000;

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
  Mono<Map<String, Long>> over(Conditions meant, Act act) {
    BoundFilter filter = BoundFilter.of(meant, json);
    return database
        .list(findLast, statement -> {}, row -> row.get(0, Long.class))
        .flatMap(
            last -> last.isEmpty() ? Mono.just(Map.of()) : over(meant, filter, act, last.get(0)));
  }

  private Mono<Map<String, Long>> over(Conditions meant, BoundFilter filter, Act act, long last) {
    return Mono.just(new Progress(0L, List.of(), List.of(), Map.of()))
        .expand(
            at -> at.isOver() ? Mono.empty() : patience.until(slice(meant, filter, act, last, at)))
        .last()
        .map(Progress::counts);
  }

  private Mono<Progress> slice(
      Conditions meant, BoundFilter filter, Act act, long last, Progress at) {
    Long above = at.above;
    if (above == null || at.locked.size() > SLICE / 2) {
      return act.on(at.locked, meant.states())
          .flatMap(done -> rest(at.and(above, done), meant, act))
          .flatMap(now -> moved(now, at));
    }
    return database
        .list(
            match,
            statement -> bind(statement, filter, above, last, SLICE - at.locked.size()),
            Sweep::read)
        .map(rows -> rows.get(0))
        .flatMap(
            found ->
                found.ids.isEmpty()
                    ? Mono.just(at.and(found.walked))
                    : act.on(both(at.locked, found.ids), meant.states())
                        .flatMap(done -> rest(at.and(found.walked, done), meant, act)));
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

  private static void bind(
      Statement statement, BoundFilter filter, long above, long last, int most) {
    int next = filter.bind(statement);
    statement.bind(next, above).bind(next + 1, last + 1).bind(next + 2, most).bind(next + 3, WALK);
  }

  private static Matched read(Readable row) {
    Long[] ids = row.get(0, Long[].class);
    return new Matched(ids == null ? List.of() : List.of(ids), row.get(1, Long.class));
  }

  private static List<Long> both(List<Long> some, List<Long> others) {
    List<Long> all = new ArrayList<>(some);
    all.addAll(others);
    return all;
  }

  /**
   * Jobs that are meant.
   *
   * @param walked as far as this; null: to the end
   */
  private record Matched(List<Long> ids, @Nullable Long walked) {}

  /**
   * How far it is.
   *
   * @param above the ids that are still to be looked at; null: none
   * @param locked what is to be tried again
   * @param untried to what the last statement did not come
   * @param counts what became of the others
   */
  private record Progress(
      @Nullable Long above, List<Long> locked, List<Long> untried, Map<String, Long> counts) {

    boolean isOver() {
      return above == null && locked.isEmpty();
    }

    Progress and(@Nullable Long walked) {
      return new Progress(walked, locked, untried, counts);
    }

    /** What was locked was tried again. */
    Progress and(@Nullable Long walked, List<Done> done) {
      return tried(walked, List.of(), done);
    }

    Progress alsoTried(List<Done> done) {
      return tried(above, locked, done);
    }

    private Progress tried(@Nullable Long walked, List<Long> stillLocked, List<Done> done) {
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
      return new Progress(walked, again, next, sum);
    }
  }
}
