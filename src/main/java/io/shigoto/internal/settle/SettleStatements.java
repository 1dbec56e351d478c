package io.shigoto.internal.settle;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.JobState;
import java.util.List;
import java.util.Objects;
import reactor.core.publisher.Mono;

/**
 * {@code settle.sql} and, for what nearly every settlement is, {@code settle_completed.sql}. Both
 * take the settlements in the order of their ids and emit the ids that were written.
 */
final class SettleStatements {

  private final Sql settle;
  private final Sql settleCompleted;
  private final Sql findSettled;
  private final Json json;

  SettleStatements(Statements sql, Json json) {
    this.settle = sql.get("settle");
    this.settleCompleted = sql.get("settle_completed");
    this.findSettled = sql.get("find_settled");
    this.json = json;
  }

  /** Whether there is nothing to write but that the job is completed. */
  static boolean isPlain(Settlement settlement) {
    return settlement.to() == JobState.COMPLETED && settlement.result() == null;
  }

  Mono<List<Long>> completed(Database database, List<Settlement> settlements) {
    Long[] ids = settlements.stream().map(settlement -> settlement.run().id()).toArray(Long[]::new);
    Long[] leases =
        settlements.stream().map(settlement -> settlement.run().lease()).toArray(Long[]::new);
    return database.list(
        settleCompleted, statement -> statement.bind(0, ids).bind(1, leases), SettleStatements::id);
  }

  Mono<List<Long>> others(Database database, List<Settlement> settlements) {
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
      errors[i] = settlement.error() == null ? null : json.writeOwn(settlement.error());
      results[i] = settlement.result();
    }
    return database.list(
        settle,
        statement ->
            statement
                .bind(0, ids)
                .bind(1, leases)
                .bind(2, states)
                .bind(3, dueIn)
                .bind(4, refunds)
                .bind(5, errors)
                .bind(6, results),
        SettleStatements::id);
  }

  /** Which of them stand in the tables. */
  Mono<List<Long>> found(Database database, List<Settlement> settlements) {
    Long[] ids = settlements.stream().map(settlement -> settlement.run().id()).toArray(Long[]::new);
    Long[] leases =
        settlements.stream().map(settlement -> settlement.run().lease()).toArray(Long[]::new);
    String[] states =
        settlements.stream().map(settlement -> settlement.to().sqlName()).toArray(String[]::new);
    return database.list(
        findSettled,
        statement -> statement.bind(0, ids).bind(1, leases).bind(2, states),
        SettleStatements::id);
  }

  private static Long id(Readable row) {
    return Objects.requireNonNull(row.get(0, Long.class));
  }
}
