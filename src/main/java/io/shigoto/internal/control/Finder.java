package io.shigoto.internal.control;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.postgres.Database;
import io.shigoto.internal.postgres.Sql;
import io.shigoto.internal.postgres.Statements;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.worker.JobError;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Reads jobs, live or ended, and what waits for nobody. */
public final class Finder {

  private final Database database;
  private final Sql findJob;
  private final Sql findUnserved;
  private final Json json;

  public Finder(Database database, Statements sql, Json json) {
    this.database = database;
    this.findJob = sql.get("find_job");
    this.findUnserved = sql.get("find_unserved");
    this.json = json;
  }

  /** The job, or empty. */
  public Mono<Job> find(long id) {
    return database
        .list(findJob, statement -> statement.bind(0, id), this::read)
        .flatMapMany(Flux::fromIterable)
        .next();
  }

  /**
   * Pairs of queue and worker for which jobs are available and no live node is; at most so many.
   */
  public Mono<List<String[]>> unserved(int most) {
    return database.list(
        findUnserved,
        statement -> statement.bind(0, most),
        row -> new String[] {get(row, "queue", String.class), get(row, "worker", String.class)});
  }

  private Job read(Readable row) {
    String meta = row.get("meta", String.class);
    String[] tags = row.get("tags", String[].class);
    String errors = row.get("errors", String.class);
    Long[] dependsOn = row.get("depends_on", Long[].class);
    UUID owner = row.get("owner", UUID.class);
    return new Job(
        get(row, "id", Long.class),
        JobState.ofSqlName(get(row, "state", String.class)),
        get(row, "queue", String.class),
        get(row, "worker", String.class),
        get(row, "args", String.class),
        meta == null ? Map.of() : json.readTexts(meta),
        tags == null ? Set.of() : Set.of(tags),
        get(row, "priority", Short.class),
        get(row, "attempt", Integer.class),
        get(row, "max_attempts", Integer.class),
        row.get("partition_key", String.class),
        get(row, "inserted_at", Instant.class),
        get(row, "scheduled_at", Instant.class),
        row.get("claimed_at", Instant.class),
        row.get("finished_at", Instant.class),
        owner == null ? null : owner.toString(),
        errors == null ? List.of() : json.readObjects(errors).stream().map(Finder::error).toList(),
        row.get("result", String.class),
        row.get("progress", Integer.class),
        row.get("batch_id", Long.class),
        dependsOn == null ? List.of() : List.of(dependsOn),
        json);
  }

  private static JobError error(Map<String, Object> stored) {
    return new JobError(
        stored.get("attempt") instanceof Number attempt ? attempt.intValue() : 0,
        stored.get("at") instanceof String at
            ? OffsetDateTime.parse(at).toInstant()
            : Instant.EPOCH,
        text(stored.get("node")),
        text(stored.get("type")),
        text(stored.get("message")),
        text(stored.get("stack")));
  }

  private static String text(@Nullable Object value) {
    return value == null ? "" : value.toString();
  }

  private static <T> T get(Readable row, String column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type));
  }
}
