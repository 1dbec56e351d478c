package io.shigoto.bench.subject;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import io.shigoto.internal.postgres.Connector;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The library's own statements for claim and settle, sent without the library: the one place here
 * that knows their parameters.
 */
final class HotStatements {

  /** What a claim has to remember of a job. */
  record Taken(long id, long lease, String args) {}

  private static final String SCHEMA = "shigoto";

  private final Statements sql = new Statements(SCHEMA);
  private final UUID node = UUID.randomUUID();
  private final String[] workers = {"noop"};
  private final String[] queues = {"default"};

  /** Connects, with the settings that the library gives its own connections. */
  static Connection connect(ConnectionFactory factory, Duration limit) {
    return Objects.requireNonNull(
        Mono.from(factory.create())
            .cast(Connection.class)
            .delayUntil(made -> execute(made.createStatement(Connector.ONE_PLAN_BY_INDEX)))
            .block(limit));
  }

  /** Makes the node whose claims these are a member, for an hour. */
  Mono<Void> join(Connection connection) {
    return execute(
            connection
                .createStatement(sql.get("join_cluster").text())
                .bind(0, node.toString())
                .bind(1, "bare")
                .bind(2, 3_600_000L)
                .bind(3, queues)
                .bind(4, workers))
        .then();
  }

  /** The next jobs, in the order of their ids. */
  Mono<List<Taken>> claim(Connection connection, int limit) {
    Statement claim =
        connection
            .createStatement(sql.get("claim").text())
            .bind(0, queues[0])
            .bind(1, workers)
            .bind(2, new Integer[] {limit})
            .bind(3, node.toString())
            .bind(4, limit)
            .bind(5, Long.MAX_VALUE)
            .bind(6, Short.MIN_VALUE);
    return Flux.from(claim.execute())
        .concatMap(result -> result.map(HotStatements::taken))
        .collectSortedList(Comparator.comparingLong(Taken::id));
  }

  /**
   * Settles jobs as completed; they must be in the order of their ids.
   *
   * @return how many were written
   */
  Mono<Long> settle(Connection connection, List<Taken> jobs) {
    Long[] ids = jobs.stream().map(Taken::id).toArray(Long[]::new);
    Long[] leases = jobs.stream().map(Taken::lease).toArray(Long[]::new);
    Statement settle =
        connection.createStatement(sql.get("settle_completed").text()).bind(0, ids).bind(1, leases);
    return Flux.from(settle.execute())
        .concatMap(result -> result.map(row -> written(row.get(0, Long[].class), ids)))
        .reduce(0L, Long::sum);
  }

  private static long written(Long @Nullable [] some, Long[] all) {
    return some == null ? all.length : some.length;
  }

  private static Taken taken(Readable row) {
    String[] numbers = get(row, "numbers", String.class).split(" ", 3);
    return new Taken(
        Long.parseLong(numbers[0]), Long.parseLong(numbers[1]), get(row, "args", String.class));
  }

  private static <T> T get(Readable row, String column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type));
  }

  private static Mono<Long> execute(Statement statement) {
    return Flux.from(statement.execute())
        .concatMap(result -> result.getRowsUpdated())
        .reduce(0L, Long::sum);
  }
}
