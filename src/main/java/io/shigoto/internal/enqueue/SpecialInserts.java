package io.shigoto.internal.enqueue;

import io.r2dbc.spi.Connection;
import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import io.shigoto.batch.BatchNotOpen;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.Receipt;
import io.shigoto.job.Receipt.Change;
import io.shigoto.job.UnknownJobs;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** {@code enqueue_special.sql}: a group of rows that may meet jobs with their keys. */
public final class SpecialInserts {

  /** After so many ms somebody looks at what a job waits for. */
  private static final long SOON = 1;

  private final Database database;
  private final Sql enqueue;
  private final Sql findHolders;
  private final Sql takeAway;

  public SpecialInserts(Database database, Statements sql) {
    this.database = database;
    this.enqueue = sql.get("enqueue_special");
    this.findHolders = sql.get("find_holders");
    this.takeAway = sql.get("take_away_keys");
  }

  /** Commits the rows; the nodes are left to be told by the caller. */
  Mono<Answered> commit(List<JobRow> rows) {
    return database
        .list(enqueue, bind(false, rows), SpecialInserts::read)
        .map(lines -> Answered.of(lines, rows.size()));
  }

  /** Writes the rows in the caller's transaction; the nodes are told by its commit. */
  Mono<List<Answer>> write(List<JobRow> rows, Connection connection) {
    return Database.list(connection, enqueue, bind(true, rows), SpecialInserts::read)
        .map(lines -> Answered.of(lines, rows.size()).answers);
  }

  /** Which jobs hold these keys, as far as it is committed; those that are over are gone then. */
  Mono<Map<String, Long>> holders(List<String> keys) {
    return database
        .list(takeAway, bind(keys), row -> true)
        .then(Mono.defer(() -> database.list(findHolders, bind(keys), SpecialInserts::holder)))
        .map(SpecialInserts::byKey);
  }

  private static Consumer<Statement> bind(List<String> keys) {
    return statement -> statement.bind(0, keys.toArray(String[]::new));
  }

  private static Consumer<Statement> bind(boolean atCommit, List<JobRow> rows) {
    return statement -> {
      Inserts.bindRows(statement.bind(0, atCommit), rows);
      statement
          .bind(11, unique(rows, String[]::new, UniqueRow::key))
          .bind(12, unique(rows, Long[]::new, UniqueRow::period))
          .bind(13, unique(rows, String[]::new, UniqueRow::states))
          .bind(14, unique(rows, String[]::new, UniqueRow::replaces))
          .bind(15, unique(rows, Long[]::new, UniqueRow::debounce))
          .bind(16, Inserts.column(rows, Long[]::new, row -> row.ties().batch()))
          .bind(17, Inserts.column(rows, String[]::new, row -> row.ties().dependsOn()))
          .bind(18, Inserts.column(rows, String[]::new, row -> row.ties().ending()));
    };
  }

  private static <T> @Nullable T[] unique(
      List<JobRow> rows, IntFunction<@Nullable T[]> array, Function<UniqueRow, @Nullable T> value) {
    return Inserts.column(
        rows, array, row -> row.unique() == null ? null : value.apply(row.unique()));
  }

  private static Line read(Readable row) {
    String[] changes = row.get(4, String[].class);
    return new Line(
        row.get(0, Integer.class),
        row.get(1, Long.class),
        row.get(2, Long.class),
        Objects.requireNonNull(row.get(3, String.class)),
        changes == null ? List.of() : List.of(changes));
  }

  private static Map.Entry<String, Long> holder(Readable row) {
    return Map.entry(
        Objects.requireNonNull(row.get(0, String.class)),
        Objects.requireNonNull(row.get(1, Long.class)));
  }

  private static Map<String, Long> byKey(List<Map.Entry<String, Long>> holders) {
    return holders.stream().collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
  }

  /**
   * A row of the answer.
   *
   * @param place of the job it is about, from 1; null if it is for the nodes
   * @param texts what was changed, or the messages
   */
  private record Line(
      @Nullable Integer place,
      @Nullable Long id,
      @Nullable Long dueIn,
      String outcome,
      List<String> texts) {

    Answer answer() {
      return switch (outcome) {
        case "inserted" ->
            new Answer.Given(
                Receipt.inserted(Objects.requireNonNull(id)), dueIn == null ? SOON : dueIn);
        case "conflict" ->
            new Answer.Given(Receipt.conflict(Objects.requireNonNull(id), changes()), 0);
        case "unseen" -> new Answer.Unseen();
        case "busy" -> new Answer.Busy();
        case "closed" -> new Answer.Refused(new BatchNotOpen(Long.parseLong(texts.get(0))));
        case "unknown" ->
            new Answer.Refused(new UnknownJobs(texts.stream().map(Long::valueOf).toList()));
        default -> throw new IllegalStateException("enqueue_special.sql says " + outcome);
      };
    }

    private Set<Change> changes() {
      return texts.stream()
          .map(text -> Change.valueOf(text.toUpperCase(Locale.ROOT)))
          .collect(Collectors.toSet());
    }
  }

  /**
   * What became of a group.
   *
   * @param answers in the order of the rows
   * @param news what is due otherwise now, for jobs that were there
   */
  record Answered(List<Answer> answers, News news) {

    private static Answered of(List<Line> lines, int rows) {
      Answer[] answers = new Answer[rows];
      News news = News.NONE;
      for (Line line : lines) {
        if (line.place == null) {
          news = news.and(News.of(line.texts));
        } else {
          answers[line.place - 1] = line.answer();
        }
      }
      return new Answered(List.of(answers), news);
    }
  }
}
