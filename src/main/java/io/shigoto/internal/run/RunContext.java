package io.shigoto.internal.run;

import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Workers;
import io.shigoto.internal.json.Json;
import io.shigoto.job.Job;
import io.shigoto.worker.JobContext;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A claimed job whose arguments are read, or with the reason why they cannot be. */
final class RunContext implements JobContext<Object> {

  private final Claimed job;
  private final Map<String, String> meta;
  private final @Nullable Object args;
  private final @Nullable RuntimeException misfit;

  private RunContext(
      Claimed job,
      Map<String, String> meta,
      @Nullable Object args,
      @Nullable RuntimeException misfit) {
    this.job = job;
    this.meta = meta;
    this.args = args;
    this.misfit = misfit;
  }

  /** Reads a job for its worker; what reading its arguments throws is kept for whoever asks. */
  static RunContext of(Claimed job, Workers.Known known, Json json) {
    return of(job, job.meta() == null ? Map.of() : json.readTexts(job.meta()), known, json);
  }

  private static RunContext of(
      Claimed job, Map<String, String> meta, Workers.Known known, Json json) {
    try {
      return new RunContext(job, meta, json.read(job.args(), known.args()), null);
    } catch (RuntimeException misfit) {
      return new RunContext(job, meta, null, misfit);
    } catch (Throwable fatal) {
      return new RunContext(job, meta, null, new Guarded.WorkerBroke(fatal));
    }
  }

  /** Reads a job that has ended, as its last run saw it. */
  static RunContext of(RunKey run, Job job, Workers.Known known, Json json) {
    Claimed last =
        new Claimed(
            run.id(),
            run.lease(),
            run.queue(),
            run.worker(),
            run.attempt(),
            run.maxAttempts(),
            job.priority(),
            job.args(),
            null,
            job.tags(),
            job.partitionKey(),
            job.batchId(),
            job.dependsOn(),
            job.insertedAt(),
            job.scheduledAt(),
            job.insertedAt());
    return of(last, job.meta(), known, json);
  }

  /** Whether the arguments are what the worker takes. */
  boolean fits() {
    return misfit == null;
  }

  @Override
  public Object args() {
    if (misfit != null) {
      throw misfit;
    }
    return Objects.requireNonNull(args);
  }

  @Override
  public long id() {
    return job.id();
  }

  @Override
  public int attempt() {
    return job.attempt();
  }

  @Override
  public int maxAttempts() {
    return job.maxAttempts();
  }

  @Override
  public String queue() {
    return job.queue();
  }

  @Override
  public String worker() {
    return job.worker();
  }

  @Override
  public int priority() {
    return job.priority();
  }

  @Override
  public Set<String> tags() {
    return job.tags();
  }

  @Override
  public Map<String, String> meta() {
    return meta;
  }

  @Override
  public @Nullable String partitionKey() {
    return job.partitionKey();
  }

  @Override
  public Instant insertedAt() {
    return job.insertedAt();
  }

  @Override
  public Instant scheduledAt() {
    return job.scheduledAt();
  }

  @Override
  public String toString() {
    return "JobContext[id=%d, worker=%s, queue=%s, attempt=%d/%d]"
        .formatted(id(), worker(), queue(), attempt(), maxAttempts());
  }
}
