package io.shigoto.bench;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Row;
import io.shigoto.bench.subject.Target;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** One database and one connection to it; every method blocks. Closing drops the database. */
final class Database implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofMinutes(20);

  private final @Nullable Databases owner;
  private final Target target;
  private @Nullable Connection connection;

  Database(@Nullable Databases owner, Target target) {
    this.owner = owner;
    this.target = target;
  }

  String name() {
    return target.database();
  }

  Target target() {
    return target;
  }

  /** Statements without parameters, one transaction unless they say otherwise. */
  void run(String sql) {
    Flux.from(connection().createStatement(sql).execute())
        .concatMap(result -> result.getRowsUpdated())
        .blockLast(LIMIT);
  }

  /** The one row of a query. */
  Map<String, Object> row(String sql) {
    List<Map<String, Object>> rows =
        Flux.from(connection().createStatement(sql).execute())
            .concatMap(result -> result.map((row, metadata) -> byLabel(row)))
            .collectList()
            .block(LIMIT);
    if (rows == null || rows.size() != 1) {
      throw new IllegalArgumentException("not one row: " + sql);
    }
    return rows.get(0);
  }

  /** The one number of a query. */
  double number(String sql) {
    Object value = row(sql).values().iterator().next();
    return ((Number) value).doubleValue();
  }

  private static Map<String, Object> byLabel(Row row) {
    Map<String, Object> values = new LinkedHashMap<>();
    row.getMetadata()
        .getColumnMetadatas()
        .forEach(
            column -> {
              Object value = row.get(column.getName());
              values.put(column.getName(), value == null ? "" : value);
            });
    return values;
  }

  private Connection connection() {
    Connection open = connection;
    if (open == null) {
      open = Objects.requireNonNull(Mono.from(target.connectionFactory().create()).block(LIMIT));
      connection = open;
    }
    return open;
  }

  void disconnect() {
    if (connection != null) {
      Mono.from(connection.close()).block(LIMIT);
      connection = null;
    }
  }

  @Override
  public void close() {
    disconnect();
    if (owner != null) {
      owner.drop(this);
    }
  }
}
