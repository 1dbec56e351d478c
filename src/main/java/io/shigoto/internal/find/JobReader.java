package io.shigoto.internal.find;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.json.Json;
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

/** Makes a job of a row that has all its columns. */
final class JobReader {

  private final Json json;

  JobReader(Json json) {
    this.json = json;
  }

  Job read(Readable row) {
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
        errors == null
            ? List.of()
            : json.readObjects(errors).stream().map(JobReader::error).toList(),
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

  static <T> T get(Readable row, String column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type));
  }
}
