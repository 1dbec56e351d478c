package io.shigoto.internal.enqueue;

import io.shigoto.internal.context.Propagation;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.known.Defaults;
import io.shigoto.internal.known.Workers;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.NewJob;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.util.context.ContextView;

/**
 * From a job as a user gives it to a row: the user's options first, then the worker's defaults,
 * then the library's.
 */
public final class Encoder {

  private final Workers workers;
  private final Propagation propagation;
  private final Json json;

  public Encoder(Workers workers, Propagation propagation, Json json) {
    this.workers = workers;
    this.propagation = propagation;
    this.json = json;
  }

  /**
   * @throws IllegalArgumentException naming what cannot be enqueued
   */
  JobRow encode(NewJob job) {
    NewJob.Options given = job.options();
    if (given.ifNotCompleted() != IfNotCompleted.RUN && given.dependsOn().isEmpty()) {
      throw new IllegalArgumentException(
          "ifNotCompleted needs jobs that it depends on, but dependsOn names none; it is "
              + given.ifNotCompleted());
    }
    return encodeStep(job);
  }

  /**
   * As {@link #encode}, for a job that may be given others to depend on.
   *
   * @throws IllegalArgumentException naming what cannot be enqueued
   */
  JobRow encodeStep(NewJob job) {
    Workers.Known known = known(job);
    String worker =
        known != null && job.workerClass() != null
            ? known.name()
            : Objects.requireNonNull(job.workerName());
    NewJob.Options given = job.options();
    Defaults defaults = known == null ? Defaults.LIBRARY : known.defaults();
    Set<String> tags = given.tags() != null ? given.tags() : defaults.tags();
    Unique unique = given.unique() != null ? given.unique() : defaults.unique();
    String queue = given.queue() != null ? given.queue() : defaults.queue();
    String args = json.write("args of a job for '" + worker + "'", job.args());
    return new JobRow(
        queue,
        worker,
        args,
        given.priority() != null ? given.priority() : defaults.priority(),
        given.maxAttempts() != null ? given.maxAttempts() : defaults.maxAttempts(),
        given.scheduledAt(),
        dueIn(given, unique),
        given.meta().isEmpty()
            ? null
            : json.write("meta of a job for '" + worker + "'", given.meta()),
        tags.isEmpty() ? null : json.write("tags of a job for '" + worker + "'", tags),
        given.partitionKey(),
        unique.isNone()
            ? null
            : UniqueRow.of(unique, UniqueKey.of(unique, worker, queue, args, json)),
        false,
        Ties.of(given));
  }

  /**
   * Gives rows what travels in the Context of their caller.
   *
   * @throws IllegalArgumentException naming the entry that cannot travel
   */
  UnaryOperator<JobRow> carrying(ContextView caller) {
    String fields = propagation.fields(caller);
    return fields == null ? UnaryOperator.identity() : row -> carrying(row, fields);
  }

  /**
   * Gives a row more in its meta, which wins over what is there.
   *
   * @throws IllegalArgumentException if that is too much
   */
  JobRow carrying(JobRow row, Map<String, String> meta) {
    String object = json.write("meta of a job for '" + row.worker() + "'", meta);
    return carrying(row, object.substring(object.indexOf('{') + 1, object.lastIndexOf('}')));
  }

  private JobRow carrying(JobRow row, String fields) {
    JobRow laden = row.carrying(fields);
    json.requireWithinLimit(
        "meta of a job for '%s', with its Context,".formatted(row.worker()),
        Objects.requireNonNull(laden.meta()));
    return laden;
  }

  /** The first job of a series waits as those do that others come after. */
  private static @Nullable Long dueIn(NewJob.Options given, Unique unique) {
    Duration delay =
        given.delay() == null && given.scheduledAt() == null ? unique.debounced() : given.delay();
    return delay == null ? null : delay.toMillis();
  }

  private Workers.@Nullable Known known(NewJob job) {
    Class<?> type = job.workerClass();
    if (type == null) {
      return workers.find(Objects.requireNonNull(job.workerName()));
    }
    Workers.Known known = workers.find(type);
    if (known == null) {
      throw new IllegalArgumentException(
          "%s is not registered with this node: add it with worker(…), or enqueue by its name"
              .formatted(type.getName()));
    }
    return known;
  }
}
