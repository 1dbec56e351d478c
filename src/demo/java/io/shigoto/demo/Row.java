package io.shigoto.demo;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.Readable;
import java.net.URI;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * A job as the database has it after the work.
 *
 * @param count null unless it is completed
 * @param waited from when it was due to when its last attempt was claimed, in ms
 * @param claimed when that was, in seconds
 * @param finished when it ended, in seconds
 * @param error its last failure, or an empty string
 */
record Row(
    URI file,
    String state,
    int attempts,
    @Nullable FileCount count,
    double waited,
    double claimed,
    double finished,
    String error) {

  private static final String SELECT =
      """
      SELECT args->>'file' AS file, state::text AS state, attempt,
             (result->>'lines')::bigint AS lines, (result->>'words')::bigint AS words,
             (result->>'bytes')::bigint AS bytes, result->>'sha256' AS sha256,
             extract(epoch FROM claimed_at - scheduled_at)::float8 * 1000 AS waited,
             extract(epoch FROM claimed_at)::float8 AS claimed,
             extract(epoch FROM finished_at)::float8 AS finished,
             coalesce(errors->-1->>'message', '') AS error
        FROM shigoto.all_jobs
       WHERE worker = $1
      """;

  /** Reads all of them. */
  static Mono<List<Row>> all(ConnectionFactory factory, String schema, String worker) {
    return Flux.usingWhen(
            factory.create(),
            connection ->
                Flux.from(
                        connection
                            .createStatement(SELECT.replace("shigoto.", schema + "."))
                            .bind(0, worker)
                            .execute())
                    .concatMap(result -> result.map(Row::read)),
            Connection::close)
        .collectList();
  }

  private static Row read(Readable row) {
    String sha256 = row.get("sha256", String.class);
    return new Row(
        URI.create(get(row, "file", String.class)),
        get(row, "state", String.class),
        get(row, "attempt", Integer.class),
        sha256 == null
            ? null
            : new FileCount(
                get(row, "lines", Long.class),
                get(row, "words", Long.class),
                get(row, "bytes", Long.class),
                sha256),
        number(row, "waited"),
        number(row, "claimed"),
        number(row, "finished"),
        get(row, "error", String.class));
  }

  private static double number(Readable row, String column) {
    Double value = row.get(column, Double.class);
    return value == null ? 0 : value;
  }

  private static <T> T get(Readable row, String column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type), column);
  }
}
