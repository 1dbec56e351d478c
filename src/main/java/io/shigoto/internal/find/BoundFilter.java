package io.shigoto.internal.find;

import io.r2dbc.spi.Statement;
import io.shigoto.control.Conditions;
import io.shigoto.internal.json.Json;
import io.shigoto.job.JobState;
import java.time.Instant;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** A filter as the first parameters of a statement. */
public final class BoundFilter {

  private final Conditions conditions;
  private final @Nullable String args;

  private BoundFilter(Conditions conditions, @Nullable String args) {
    this.conditions = conditions;
    this.args = args;
  }

  /**
   * Writes the args.
   *
   * @throws IllegalArgumentException if they cannot be written
   */
  public static BoundFilter of(Conditions conditions, Json json) {
    Object args = conditions.args();
    return new BoundFilter(conditions, args == null ? null : json.write("args", args));
  }

  /** Returns the index of the next parameter. */
  public int bind(Statement statement) {
    Conditions said = conditions;
    texts(statement, 0, said.workers());
    texts(statement, 1, said.queues());
    texts(statement, 2, said.states().stream().map(JobState::sqlName).toList());
    texts(statement, 3, said.tags());
    texts(statement, 4, said.anyTags());
    value(statement, 5, String.class, args);
    texts(statement, 6, said.partitions());
    value(statement, 7, Long.class, said.batch());
    value(
        statement,
        8,
        Long[].class,
        said.ids().isEmpty() ? null : said.ids().stream().sorted().toArray(Long[]::new));
    return span(statement, span(statement, 9, said.inserted()), said.finished());
  }

  private static int span(Statement statement, int index, Conditions.Span span) {
    value(statement, index, Instant.class, span.from());
    value(statement, index + 1, Instant.class, span.before());
    return index + 2;
  }

  private static void texts(Statement statement, int index, Collection<String> texts) {
    value(statement, index, String[].class, texts.isEmpty() ? null : texts.toArray(String[]::new));
  }

  private static <T> void value(Statement statement, int index, Class<T> type, @Nullable T value) {
    if (value == null) {
      statement.bindNull(index, type);
    } else {
      statement.bind(index, value);
    }
  }
}
