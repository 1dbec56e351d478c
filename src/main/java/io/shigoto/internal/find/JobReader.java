package io.shigoto.internal.find;

import io.r2dbc.spi.Readable;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.json.OwnJson;
import io.shigoto.internal.postgres.Columns;
import io.shigoto.job.Job;
import io.shigoto.job.JobState;
import io.shigoto.worker.JobError;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Makes a job of a row that has all its columns. */
final class JobReader {

  private final Json json;

  JobReader(Json json) {
    this.json = json;
  }

  Job read(Readable row) {
    long id = get(row, "id", Long.class);
    String meta = row.get("meta", String.class);
    String errors = row.get("errors", String.class);
    UUID owner = row.get("owner", UUID.class);
    return new Job(
        id,
        JobState.ofSqlName(get(row, "state", String.class)),
        get(row, "queue", String.class),
        get(row, "worker", String.class),
        get(row, "args", String.class),
        meta == null ? Map.of() : OwnJson.readMeta(id, meta),
        Columns.set(row.get("tags", String[].class)),
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
            : OwnJson.readErrors(id, errors).stream().map(JobReader::error).toList(),
        row.get("result", String.class),
        row.get("progress", Integer.class),
        row.get("batch_id", Long.class),
        Columns.list(row.get("depends_on", Long[].class)),
        json);
  }

  private static JobError error(Map<String, Object> stored) {
    return new JobError(
        stored.get("attempt") instanceof Number attempt ? attempt.intValue() : 0,
        stored.get("at") instanceof String at ? time(at) : Instant.EPOCH,
        text(stored.get("node")),
        text(stored.get("type")),
        text(stored.get("message")),
        text(stored.get("stack")));
  }

  /** Nobody but a person who writes to the table has it otherwise. */
  private static Instant time(String at) {
    try {
      return OffsetDateTime.parse(at).toInstant();
    } catch (DateTimeParseException otherwise) {
      return Instant.EPOCH;
    }
  }

  private static String text(@Nullable Object value) {
    return value == null ? "" : value.toString();
  }

  static <T> T get(Readable row, String column, Class<T> type) {
    return Objects.requireNonNull(row.get(column, type));
  }
}
