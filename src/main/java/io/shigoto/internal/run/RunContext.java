package io.shigoto.internal.run;

import io.r2dbc.spi.Connection;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.Completing;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.json.OwnJson;
import io.shigoto.internal.known.Workers;
import io.shigoto.internal.limit.Permit;
import io.shigoto.job.Job;
import io.shigoto.worker.Given;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Results;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** A claimed job whose arguments are read, or with the reason why they cannot be. */
final class RunContext implements JobContext<Object> {

  private final Run run;
  private final Claimed job;
  private final Completing completing;
  private final Results results;
  private final @Nullable Reports reports;
  private final Map<String, String> meta;
  private final Args args;

  private RunContext(
      Run run,
      Results results,
      Map<String, String> meta,
      Completing completing,
      @Nullable Reports reports,
      Args args) {
    this.run = run;
    this.job = run.job();
    this.results = results;
    this.completing = completing;
    this.reports = reports;
    this.meta = meta;
    this.args = args;
  }

  /** Reads a job for its worker; what reading its arguments throws is kept for whoever asks. */
  static RunContext of(
      Run run,
      Results results,
      Workers.Known known,
      Json json,
      Completing completing,
      Reports reports) {
    String meta = run.job().meta();
    return new RunContext(
        run,
        results,
        meta == null ? Map.of() : OwnJson.readMeta(run.job().id(), meta),
        completing,
        reports,
        Args.read(run.job(), known, json));
  }

  /** Reads a job that has ended, as its last run saw it. */
  static RunContext of(RunKey key, Job job, Workers.Known known, Json json) {
    Run last = new Run(lastClaimOf(key, job), Permit.FREE, Load.NONE);
    last.end();
    Completing tooLate = (run, connection, result) -> Mono.empty();
    return new RunContext(
        last, Runner.NO_RESULTS, job.meta(), tooLate, null, Args.read(last.job(), known, json));
  }

  private static Claimed lastClaimOf(RunKey run, Job job) {
    return new Claimed(
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
  }

  /** Whether the arguments are what the worker takes. */
  boolean fits() {
    return args.misfit == null;
  }

  @Override
  public Object args() {
    if (args.misfit != null) {
      throw args.misfit;
    }
    return Objects.requireNonNull(args.value);
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
  public @Nullable Long batchId() {
    return job.batchId();
  }

  @Override
  public Results results() {
    return results;
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
  public Mono<Void> completeIn(Connection connection) {
    return complete(connection, null);
  }

  @Override
  public Mono<Void> completeIn(Connection connection, Object result) {
    return complete(connection, Objects.requireNonNull(result, "result"));
  }

  @Override
  public Mono<Void> progress(int percent) {
    Given.between("progress", percent, 0, 100);
    return Mono.fromRunnable(() -> report(percent));
  }

  private void report(int percent) {
    if (reports != null && !run.hasEnded() && run.howFar().say(percent)) {
      reports.add(run);
    }
  }

  private Mono<Void> lastWord() {
    return reports == null ? Mono.empty() : reports.lastWord(run);
  }

  private Mono<Void> complete(Connection connection, @Nullable Object result) {
    Mono<Void> completed =
        completing.complete(run.key(), Objects.requireNonNull(connection, "connection"), result);
    return Mono.defer(
        () -> {
          run.entrust();
          return lastWord().then(completed);
        });
  }

  @Override
  public String toString() {
    return "JobContext[id=%d, worker=%s, queue=%s, attempt=%d/%d]"
        .formatted(id(), worker(), queue(), attempt(), maxAttempts());
  }

  /** What was read, or why it could not be; one of them is null. */
  private record Args(@Nullable Object value, @Nullable RuntimeException misfit) {

    static Args read(Claimed job, Workers.Known known, Json json) {
      try {
        return new Args(json.read(job.args(), known.args()), null);
      } catch (RuntimeException misfit) {
        return new Args(null, misfit);
      } catch (Throwable fatal) {
        return new Args(null, new Guarded.WorkerBroke(fatal));
      }
    }
  }
}
