package io.shigoto.internal.history;

import io.r2dbc.spi.R2dbcException;
import io.r2dbc.spi.Readable;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Deletes jobs from days of history that are kept for the sake of others. A day is walked once when
 * jobs in a state are over; that they are gone is recorded, and so it costs nothing from then on,
 * whatever the history holds. Of a day in which somebody held some of them nothing is recorded: it
 * is walked again the next time. Several nodes may walk the same day, and pass over each other.
 */
public final class Thinning {

  private static final Logger LOG = LoggerFactory.getLogger(Thinning.class);
  private static final String BEFORE_ALL = String.valueOf(Long.MIN_VALUE);

  private final Database database;
  private final Retention retention;
  private final Sql findDays;
  private final Sql thinDay;
  private final Sql recordThinned;
  private final Sql sweep;
  private final Gradual gradual;

  public Thinning(Database database, Statements sql, Retention retention) {
    this.database = database;
    this.retention = retention;
    this.findDays = sql.get("find_days_to_thin");
    this.thinDay = sql.get("thin_day");
    this.recordThinned = sql.get("record_thinned");
    this.sweep = sql.get("sweep_history");
    this.gradual = new Gradual(database);
  }

  /** Does what there is to do; emits how many days were thinned out. */
  public Mono<Long> days() {
    return database
        .list(
            findDays,
            statement -> statement.bind(0, retention.states()).bind(1, retention.days()),
            Thinning::read)
        .flatMapMany(Flux::fromIterable)
        .concatMap(this::thin)
        .count();
  }

  /** The same for what is in no partition of a day; emits how many were deleted. */
  public Mono<Long> rest() {
    return gradual.untilNothingIsLeft(sweep, retention::bind);
  }

  private Mono<Day> thin(Day day) {
    return gradual
        .once(
            thinDay.with("name", day.name), statement -> statement.bind(2, day.over()), BEFORE_ALL)
        .filter(left -> left == 0)
        .flatMap(none -> record(day))
        .onErrorResume(R2dbcException.class, refused -> left(day, refused));
  }

  private Mono<Day> record(Day day) {
    return database
        .list(
            recordThinned,
            statement ->
                statement.bind(0, day.date).bind(1, day.over()).bind(2, retention.longest()),
            row -> true)
        .thenReturn(day)
        .doOnNext(
            done ->
                LOG.atInfo()
                    .addKeyValue("did", "thin")
                    .addKeyValue("partition", day.name)
                    .addKeyValue("states", day.states)
                    .log("history"));
  }

  /** Such as one that is dropped at the same time. */
  private static Mono<Day> left(Day day, R2dbcException refused) {
    LOG.atDebug()
        .addKeyValue("partition", day.name)
        .addKeyValue("sqlstate", refused.getSqlState())
        .log("history is left for later");
    return Mono.empty();
  }

  private static Day read(Readable row) {
    return new Day(
        Objects.requireNonNull(row.get(0, String.class)),
        Objects.requireNonNull(row.get(1, String.class)),
        List.of(Objects.requireNonNull(row.get(2, String[].class))));
  }

  /**
   * A day of history in which some jobs are over.
   *
   * @param name of its partition
   * @param states in which they are, as the database calls them
   */
  private record Day(String name, String date, List<String> states) {

    String[] over() {
      return states.toArray(String[]::new);
    }
  }
}
