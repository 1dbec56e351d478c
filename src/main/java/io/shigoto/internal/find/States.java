package io.shigoto.internal.find;

import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.JobState;
import java.util.Objects;
import reactor.core.publisher.Mono;

/** {@code find_states.sql}: in which state a job is, live or ended. */
public final class States {

  private final Database database;
  private final Sql findStates;

  public States(Database database, Statements sql) {
    this.database = database;
    this.findStates = sql.get("find_states");
  }

  /** Its state; empty if there is no such job. */
  public Mono<JobState> find(long id) {
    return database
        .list(
            findStates,
            statement -> statement.bind(0, new Long[] {id}),
            row -> JobState.ofSqlName(Objects.requireNonNull(row.get("state", String.class))))
        .flatMap(found -> Mono.justOrEmpty(found.stream().findFirst()));
  }
}
