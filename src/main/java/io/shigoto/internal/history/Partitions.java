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
 * The partitions of job_history, one per day. A day that cannot be made now (another node makes it,
 * or its rows are already in the default partition, or somebody reads the history for long) is not
 * needed: the default partition takes what no other does. Neither is a day dropped at any price.
 */
public final class Partitions {

  private static final Logger LOG = LoggerFactory.getLogger(Partitions.class);
  private static final int DAYS_AHEAD = 7;

  private final Database database;
  private final Sql findDays;
  private final Sql createDay;
  private final Sql dropDay;

  public Partitions(Database database, Statements sql) {
    this.database = database;
    this.findDays = sql.get("find_days");
    this.createDay = sql.get("create_day");
    this.dropDay = sql.get("drop_day");
  }

  /**
   * Makes the days to come and drops those older than so many days; emits how many were made or
   * dropped.
   */
  public Mono<Long> keep(int days) {
    return database
        .list(findDays, statement -> statement.bind(0, DAYS_AHEAD).bind(1, days), Partitions::read)
        .flatMapMany(Flux::fromIterable)
        .concatMap(this::apply)
        .count();
  }

  private static List<String> read(Readable row) {
    return List.of(text(row, 0), text(row, 1), text(row, 2), text(row, 3));
  }

  private Mono<List<Boolean>> apply(List<String> day) {
    String chore = day.get(0);
    Sql ddl =
        "drop".equals(chore)
            ? dropDay.with("name", day.get(1))
            : createDay
                .with("name", day.get(1))
                .with("day", day.get(2))
                .with("next_day", day.get(3));
    return database
        .list(ddl, statement -> {}, row -> true)
        .doOnNext(
            done ->
                LOG.atInfo()
                    .addKeyValue("did", chore)
                    .addKeyValue("partition", day.get(1))
                    .log("history"))
        .onErrorResume(R2dbcException.class, refused -> left(day, refused));
  }

  private static Mono<List<Boolean>> left(List<String> day, R2dbcException refused) {
    LOG.atDebug()
        .addKeyValue("partition", day.get(1))
        .addKeyValue("sqlstate", refused.getSqlState())
        .log("history is left for later");
    return Mono.empty();
  }

  private static String text(Readable row, int column) {
    return Objects.requireNonNull(row.get(column, String.class));
  }
}
