package io.shigoto.bench.subject;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Inserts into the library's table without the library, each connection one statement after the
 * other: rows one by one ({@code enqueue}), or a thousand from an array ({@code enqueueAll}).
 */
final class LimitInserts implements Subject {

  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final int ROWS = 1000;

  private static final String ONE =
      "INSERT INTO shigoto.jobs (queue, worker, args) VALUES ('default', 'noop', $1::jsonb)";
  private static final String MANY =
      """
      INSERT INTO shigoto.jobs (queue, worker, args)
      SELECT 'default', 'noop', job.args::jsonb FROM unnest($1::text[]) AS job (args)
      """;

  @Override
  public Running begin(Order order, Consumer<Map<String, Object>> done) {
    List<Connection> connections = new ArrayList<>();
    for (int i = 0; i < order.concurrency(); i++) {
      connections.add(connect(order));
    }
    boolean many = order.what().equals("enqueueAll");
    int perConnection = order.jobs() / order.concurrency() / (many ? ROWS : 1);
    Timed.run(
        Flux.fromIterable(connections)
            .flatMap(
                connection ->
                    Flux.range(0, perConnection).concatMap(i -> insert(connection, many, i), 0),
                connections.size())
            .reduce(0L, Long::sum),
        done::accept);
    return () -> {
      connections.forEach(connection -> Mono.from(connection.close()).block(LIMIT));
      return Map.of();
    };
  }

  private static Connection connect(Order order) {
    Connection connection =
        Objects.requireNonNull(
            Mono.from(order.database().connectionFactory().create()).block(LIMIT));
    Flux.from(connection.createStatement("SET shigoto.notify = 'off'").execute())
        .concatMap(result -> result.getRowsUpdated())
        .blockLast(LIMIT);
    return connection;
  }

  private static Flux<Long> insert(Connection connection, boolean many, int i) {
    Statement statement = connection.createStatement(many ? MANY : ONE);
    if (many) {
      String[] args = new String[ROWS];
      Arrays.setAll(args, n -> json(i * ROWS + n));
      statement.bind(0, args);
    } else {
      statement.bind(0, json(i));
    }
    return Flux.from(statement.execute()).concatMap(result -> result.getRowsUpdated());
  }

  private static String json(int i) {
    return "{\"i\":" + i + "}";
  }
}
