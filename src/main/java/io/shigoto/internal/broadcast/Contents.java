package io.shigoto.internal.broadcast;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import reactor.core.publisher.Mono;

/** {@code read_broadcasts.sql}: what stands in messages that are about to be handled. */
final class Contents {

  private final Database database;
  private final Sql read;
  private final KeepGoing keepGoing;

  Contents(Database database, Statements sql, KeepGoing keepGoing) {
    this.database = database;
    this.read = sql.get("read_broadcasts");
    this.keepGoing = keepGoing;
  }

  /**
   * The same letters, read, in their order; those that are out of retention stay as they are. Waits
   * for a database that is away, and never fails.
   */
  Mono<List<Letter>> of(List<Letter> letters) {
    Long[] ids = letters.stream().map(Letter::id).sorted().toArray(Long[]::new);
    return keepGoing
        .until(database.list(read, statement -> statement.bind(0, ids), Content::of))
        .map(found -> read(letters, found));
  }

  private static List<Letter> read(List<Letter> letters, List<Content> found) {
    Map<Long, Content> byId =
        found.stream().collect(Collectors.toMap(Content::id, Function.identity()));
    return letters.stream().map(letter -> read(letter, byId)).toList();
  }

  private static Letter read(Letter letter, Map<Long, Content> byId) {
    return Stream.ofNullable(byId.get(letter.id()))
        .map(content -> letter.read(content.payload, content.publishedAt))
        .findFirst()
        .orElse(letter);
  }

  private record Content(long id, String payload, Instant publishedAt) {

    static Content of(Readable row) {
      return new Content(
          Objects.requireNonNull(row.get(0, Long.class)),
          Objects.requireNonNull(row.get(1, String.class)),
          Objects.requireNonNull(row.get(2, Instant.class)));
    }
  }
}
