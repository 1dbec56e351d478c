package io.shigoto.internal.find;

import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.Job;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Reads jobs, live or ended, and what waits for nobody. */
public final class Finder {

  private final Database database;
  private final Sql findJob;
  private final Sql findUnserved;
  private final JobReader jobs;

  public Finder(Database database, Statements sql, Json json) {
    this.database = database;
    this.findJob = sql.get("find_job");
    this.findUnserved = sql.get("find_unserved");
    this.jobs = new JobReader(json);
  }

  /** The job, or empty. */
  public Mono<Job> find(long id) {
    return database
        .list(findJob, statement -> statement.bind(0, id), jobs::read)
        .flatMapMany(Flux::fromIterable)
        .next();
  }

  /** What is available and no live node serves; at most so many. */
  public Mono<List<Unserved>> unserved(int most) {
    return database.list(
        findUnserved,
        statement -> statement.bind(0, most),
        row ->
            new Unserved(
                JobReader.get(row, "queue", String.class),
                JobReader.get(row, "worker", String.class)));
  }
}
