package io.shigoto.internal.broadcast;

import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** {@code open_broadcasts.sql} and {@code find_broadcasts.sql}. */
final class Looks {

  private final Database database;
  private final Sql open;
  private final Sql find;
  private final String[] topics;
  private final Duration window;

  /**
   * @param window how far the first look goes back
   */
  Looks(Database database, Statements sql, String[] topics, Duration window) {
    this.database = database;
    this.open = sql.get("open_broadcasts");
    this.find = sql.get("find_broadcasts");
    this.topics = topics.clone();
    this.window = window;
  }

  /** The first look: what is recent. */
  Mono<Look> first() {
    return look(open, statement -> statement.bind(0, topics).bind(1, window.toMillis()));
  }

  /** What has come to light since. */
  Mono<Look> after(Look last) {
    return look(
        find,
        statement -> statement.bind(0, topics).bind(1, last.snapshot()).bind(2, last.newest()));
  }

  private Mono<Look> look(Sql sql, Consumer<Statement> bind) {
    return database.list(sql, bind, Row::of).map(Looks::together);
  }

  private static Look together(List<Row> rows) {
    Map<String, List<Long>> ids = new HashMap<>();
    for (Row row : rows) {
      if (row.topic != null) {
        ids.put(row.topic, row.ids);
      }
    }
    return new Look(rows.get(0).snapshot, rows.get(0).newest, ids);
  }

  private record Row(String snapshot, long newest, @Nullable String topic, List<Long> ids) {

    static Row of(Readable row) {
      Long[] ids = row.get(3, Long[].class);
      return new Row(
          Objects.requireNonNull(row.get(0, String.class)),
          Objects.requireNonNull(row.get(1, Long.class)),
          row.get(2, String.class),
          ids == null ? List.of() : List.of(ids));
    }
  }
}
