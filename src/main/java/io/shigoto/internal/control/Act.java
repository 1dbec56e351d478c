package io.shigoto.internal.control;

import io.r2dbc.spi.Readable;
import io.shigoto.event.JobEvent;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.JobState;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * A statement that does something to jobs: {@code cancel.sql}, {@code retry.sql} or {@code
 * delete.sql}. Each takes ids and states, waits for nobody, and says what became of each job. Once
 * it has committed, everybody is told.
 */
final class Act {

  /** The outcome of a job whose row somebody else has locked. */
  static final String LOCKED = "locked";

  /** The outcome of a job to which the statement did not come, because others kept it waiting. */
  private static final String UNTRIED = "untried";

  private final Database database;
  private final Sql statement;
  private final Map<String, JobEvent.Kind> kinds;
  private final Bell bell;
  private final Events events;

  private Act(Tools tools, Sql statement, Map<String, JobEvent.Kind> kinds) {
    this.database = tools.database;
    this.statement = statement;
    this.kinds = kinds;
    this.bell = tools.bell;
    this.events = tools.events;
  }

  /**
   * On those of the jobs that are in one of the states; each that was found has its answer. Cancel:
   * what was done is told all the same.
   */
  Mono<List<Done>> on(Collection<Long> ids, Set<JobState> states) {
    Long[] ascending = ids.stream().sorted().toArray(Long[]::new);
    String[] names = states.stream().map(JobState::sqlName).toArray(String[]::new);
    return Detached.of(
        database
            .list(statement, bound -> bound.bind(0, ascending).bind(1, names), Act::read)
            .map(this::told));
  }

  private List<Done> told(List<Row> rows) {
    News news = News.of(rows.stream().flatMap(row -> row.told.stream()).toList());
    List<Done> found = rows.stream().filter(row -> row.id != null).map(Row::done).toList();
    for (Done job : found) {
      JobEvent.Kind kind = kinds.get(job.outcome);
      if (kind != null) {
        events.ofJob(kind, job.id, job.queue, job.worker, job.detail);
      }
    }
    if (!news.isNone()) {
      bell.ring(news);
    }
    return found;
  }

  private static Row read(Readable row) {
    String[] told = row.get(5, String[].class);
    return new Row(
        row.get(0, Long.class),
        text(row, 1),
        text(row, 2),
        text(row, 3),
        row.get(4, String.class),
        told == null ? List.of() : List.of(told));
  }

  private static String text(Readable row, int column) {
    String text = row.get(column, String.class);
    return text == null ? "" : text;
  }

  /**
   * What became of a job.
   *
   * @param outcome as the statement has it
   * @param detail as the statement has it
   */
  record Done(long id, String outcome, String queue, String worker, @Nullable String detail) {

    boolean isLocked() {
      return LOCKED.equals(outcome);
    }

    boolean isUntried() {
      return UNTRIED.equals(outcome);
    }
  }

  /** Without an id: only something to tell. */
  private record Row(
      @Nullable Long id,
      String outcome,
      String queue,
      String worker,
      @Nullable String detail,
      List<String> told) {

    Done done() {
      return new Done(id == null ? 0 : id, outcome, queue, worker, detail);
    }
  }

  /** What acts are made of. */
  record Tools(Database database, Statements sql, Bell bell, Events events) {

    /**
     * @param kinds which outcomes are told as which event
     */
    Act act(String statement, Map<String, JobEvent.Kind> kinds) {
      return new Act(this, sql.get(statement), kinds);
    }
  }
}
