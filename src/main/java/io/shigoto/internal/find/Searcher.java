package io.shigoto.internal.find;

import io.r2dbc.spi.Readable;
import io.r2dbc.spi.Statement;
import io.shigoto.control.Conditions;
import io.shigoto.control.JobPage;
import io.shigoto.control.Page;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.Job;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** {@code search.sql}: pages of jobs, live and ended together. */
public final class Searcher {

  /**
   * How many jobs are looked at for a page: a tenth of a second. Whoever reads the history keeps
   * its old days from being dropped, and their drop keeps settlements waiting meanwhile.
   */
  private static final int WALK = 50_000;

  private final Database database;
  private final Sql search;
  private final Json json;
  private final JobReader jobs;

  public Searcher(Database database, Statements sql, Json json) {
    this.database = database;
    this.search = sql.get("search");
    this.json = json;
    this.jobs = new JobReader(json);
  }

  /**
   * A page of the jobs that are meant.
   *
   * @throws IllegalArgumentException if the args cannot be written
   */
  public Mono<JobPage> search(Conditions conditions, Page page) {
    BoundFilter filter = BoundFilter.of(conditions, json);
    return database
        .list(search, statement -> bind(statement, filter, page), this::read)
        .map(rows -> page(rows, page));
  }

  private static void bind(Statement statement, BoundFilter filter, Page page) {
    int next = filter.bind(statement);
    statement.bind(next, page.below()).bind(next + 1, page.size()).bind(next + 2, WALK);
  }

  private static JobPage page(List<Found> rows, Page page) {
    Long behind = rows.isEmpty() ? null : rows.get(rows.size() - 1).behind;
    return new JobPage(
        rows.stream().filter(row -> row.job != null).map(row -> row.job).toList(),
        behind == null ? null : page.below(behind));
  }

  private Found read(Readable row) {
    Long behind = row.get("behind", Long.class);
    return behind == null ? new Found(jobs.read(row), null) : new Found(null, behind);
  }

  /** A job, or behind which id there may be more. */
  private record Found(@Nullable Job job, @Nullable Long behind) {}
}
