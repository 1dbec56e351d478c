package io.shigoto.internal.settle;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcException;
import io.r2dbc.spi.Readable;
import io.shigoto.internal.job.News;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.json.OwnJson;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.JobState;
import io.shigoto.worker.LeaseLost;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * {@code settle.sql} and, for what nearly every settlement is, {@code settle_completed.sql}. Both
 * take the settlements in the order of their ids and tell which were written.
 */
final class SettleStatements {

  /** Raised by complete.sql. */
  private static final String LEASE_LOST = "SHLST";

  private final Sql settle;
  private final Sql settleCompleted;
  private final Sql findSettled;
  private final Sql findStanding;
  private final Sql complete;

  SettleStatements(Statements sql) {
    this.settle = sql.get("settle");
    this.settleCompleted = sql.get("settle_completed");
    this.findSettled = sql.get("find_settled");
    this.findStanding = sql.get("find_standing");
    this.complete = sql.get("complete");
  }

  /** Whether there is nothing to write but that the job is completed. */
  static boolean isPlain(Settlement settlement) {
    return settlement.to() == JobState.COMPLETED && settlement.result() == null;
  }

  Mono<Settled> completed(Database database, List<Settlement> settlements) {
    Long[] ids = settlements.stream().map(settlement -> settlement.run().id()).toArray(Long[]::new);
    Long[] leases =
        settlements.stream().map(settlement -> settlement.run().lease()).toArray(Long[]::new);
    return database
        .list(
            settleCompleted,
            statement -> statement.bind(0, ids).bind(1, leases),
            row -> {
              Long[] written = row.get(0, Long[].class);
              return new Settled(
                  List.of(written == null ? ids : written), Map.of(), News.of(told(row)));
            })
        .map(rows -> rows.get(0));
  }

  /** What was to stay and is missing may have been called off meanwhile: the second look knows. */
  Mono<Settled> others(Database database, List<Settlement> settlements) {
    return once(database, settlements)
        .flatMap(
            first -> {
              List<Settlement> missing = first.mayHaveMissed(settlements);
              return missing.isEmpty()
                  ? Mono.just(first)
                  : once(database, missing)
                      .onErrorMap(Database::isLockedOut, HalfWritten::new)
                      .map(first::and);
            });
  }

  private Mono<Settled> once(Database database, List<Settlement> settlements) {
    int n = settlements.size();
    Long[] ids = new Long[n];
    Long[] leases = new Long[n];
    String[] states = new String[n];
    Long[] dueIn = new Long[n];
    Integer[] refunds = new Integer[n];
    String[] errors = new String[n];
    String[] results = new String[n];
    for (int i = 0; i < n; i++) {
      Settlement settlement = settlements.get(i);
      ids[i] = settlement.run().id();
      leases[i] = settlement.run().lease();
      states[i] = settlement.to().sqlName();
      dueIn[i] = settlement.dueIn() == null ? null : settlement.dueIn().toMillis();
      refunds[i] = settlement.refund();
      errors[i] = settlement.error() == null ? null : OwnJson.write(settlement.error());
      results[i] = settlement.result();
    }
    return database
        .list(
            settle,
            statement ->
                statement
                    .bind(0, ids)
                    .bind(1, leases)
                    .bind(2, states)
                    .bind(3, dueIn)
                    .bind(4, refunds)
                    .bind(5, errors)
                    .bind(6, results)
                    .bind(7, false),
            row -> row(row, row.get(2, String.class)))
        .map(Settled::of);
  }

  /** Which of them stand in the tables. */
  Mono<Settled> found(Database database, List<Settlement> settlements) {
    Long[] ids = settlements.stream().map(settlement -> settlement.run().id()).toArray(Long[]::new);
    Long[] leases =
        settlements.stream().map(settlement -> settlement.run().lease()).toArray(Long[]::new);
    String[] states =
        settlements.stream().map(settlement -> settlement.to().sqlName()).toArray(String[]::new);
    return database
        .list(
            findSettled,
            statement -> statement.bind(0, ids).bind(1, leases).bind(2, states),
            row -> new Row(row.get(0, Long.class), List.of(), row.get(1, String.class)))
        .map(Settled::of);
  }

  /** How runs stand, in the order of their ids. */
  Mono<List<Standing>> standings(Database database, List<RunKey> runs) {
    Long[] ids = runs.stream().map(RunKey::id).toArray(Long[]::new);
    Long[] leases = runs.stream().map(RunKey::lease).toArray(Long[]::new);
    return database.list(
        findStanding,
        statement -> statement.bind(0, ids).bind(1, leases),
        row -> Standing.ofSqlName(Objects.requireNonNull(row.get(0, String.class))));
  }

  /**
   * Completes one run in a transaction of the caller's; emits false if it has done so before.
   * Errors: {@link LeaseLost}, and the transaction can only be rolled back.
   */
  Mono<Boolean> complete(Connection connection, RunKey run, @Nullable String result) {
    return Database.list(
            connection,
            complete,
            statement -> {
              statement.bind(0, settle.text()).bind(1, run.id()).bind(2, run.lease());
              if (result == null) {
                statement.bindNull(3, String.class);
              } else {
                statement.bind(3, result);
              }
            },
            row -> Objects.requireNonNull(row.get(0, Boolean.class)))
        .map(rows -> rows.get(0))
        .onErrorMap(SettleStatements::saysLeaseLost, refused -> new LeaseLost(run.id(), refused));
  }

  private static boolean saysLeaseLost(Throwable error) {
    return error instanceof R2dbcException refused && LEASE_LOST.equals(refused.getSqlState());
  }

  private static Row row(Readable row, @Nullable String instead) {
    return new Row(row.get(0, Long.class), told(row), instead);
  }

  private static List<String> told(Readable row) {
    String[] told = row.get(1, String[].class);
    return told == null ? List.of() : List.of(told);
  }

  /** The second look waited too long for a lock; what the first one wrote stands. */
  private static final class HalfWritten extends RuntimeException {

    private static final long serialVersionUID = 1L;

    HalfWritten(Throwable cause) {
      super("a part was written, and the rest waited too long for a lock", cause);
    }
  }

  private record Row(@Nullable Long id, List<String> told, @Nullable String instead) {}

  /**
   * What was written.
   *
   * @param ids the jobs whose runs held their leases
   * @param instead of these, what became of those for which it was not what it should be
   * @param news what follows for others, to be told after the commit
   */
  record Settled(List<Long> ids, Map<Long, UnaryOperator<Settlement>> instead, News news) {

    private static Settled of(List<Row> rows) {
      List<Long> ids = new ArrayList<>(rows.size());
      Map<Long, UnaryOperator<Settlement>> instead = Map.of();
      News news = News.NONE;
      for (Row row : rows) {
        if (row.id != null) {
          ids.add(row.id);
        }
        if (row.id != null && row.instead != null) {
          instead = instead.isEmpty() ? new HashMap<>() : instead;
          instead.put(row.id, instead(row.instead));
        }
        if (!row.told.isEmpty()) {
          news = news.and(News.of(row.told));
        }
      }
      return new Settled(ids, instead, news);
    }

    /** Nothing was written about these. */
    static Settled busy(List<Settlement> held) {
      Map<Long, UnaryOperator<Settlement>> undecided = new HashMap<>();
      held.forEach(settlement -> undecided.put(settlement.run().id(), Settlement::undecided));
      return new Settled(List.copyOf(undecided.keySet()), undecided, News.NONE);
    }

    private static UnaryOperator<Settlement> instead(String what) {
      return switch (what) {
        case "called_off" -> Settlement::calledOff;
        case "cancelled" -> Settlement::yielded;
        case "busy" -> Settlement::undecided;
        default -> throw new IllegalStateException("settle.sql says " + what);
      };
    }

    /** Both. */
    Settled and(Settled more) {
      Map<Long, UnaryOperator<Settlement>> both = new HashMap<>(instead);
      both.putAll(more.instead);
      return new Settled(
          Stream.concat(ids.stream(), more.ids.stream()).distinct().toList(),
          both,
          news.and(more.news));
    }

    List<Settlement> mayHaveMissed(List<Settlement> settlements) {
      return ids.size() == settlements.size()
          ? List.of()
          : missing(settlements).filter(settlement -> !settlement.to().isTerminal()).toList();
    }

    /** Those about which nothing is known. */
    Stream<Settlement> missing(List<Settlement> settlements) {
      Set<Long> written = new HashSet<>(ids);
      return settlements.stream().filter(settlement -> !written.contains(settlement.run().id()));
    }
  }
}
