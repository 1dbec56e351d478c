package io.shigoto.internal.run;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.context.Propagation;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.Completing;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.json.StoredResults;
import io.shigoto.internal.known.Workers;
import io.shigoto.internal.thread.Crew;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Results;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/** Runs one job: from what was claimed to what is to be written. */
public final class Runner {

  static final Results NO_RESULTS = new StoredResults((job, json, type) -> null);

  private final Workers workers;
  private final Reading reading;
  private final Transition transition;
  private final Completing completing;
  private final Reports reports;
  private final Events events;
  private final Scheduler scheduler;
  private final Crew aside;

  /**
   * @param scheduler where workers are called
   * @param aside where they are cancelled, and asked about runs that failed
   */
  public Runner(
      Workers workers,
      Reading reading,
      Transition transition,
      Completing completing,
      Reports reports,
      Events events,
      Scheduler scheduler,
      Crew aside) {
    this.workers = workers;
    this.reading = reading;
    this.transition = transition;
    this.completing = completing;
    this.reports = reports;
    this.events = events;
    this.scheduler = scheduler;
    this.aside = aside;
  }

  /** Emits how the run is to be settled, exactly once, whatever its worker does. Never fails. */
  public Mono<Settlement> run(Run run) {
    Workers.Known known = Objects.requireNonNull(workers.find(run.key().worker()));
    Mono<Outcome> work =
        run.job().dependsOn().isEmpty()
            ? call(run, known, NO_RESULTS)
            : reading.results.apply(run.job()).flatMap(results -> call(run, known, results));
    return new Course(
        run, run.permit().inTurn(work), ended -> settlement(run, ended, known), aside);
  }

  private Mono<Outcome> call(Run run, Workers.Known known, Results results) {
    return Guarded.call(() -> perform(run, known, results), known.timeout(), scheduler, aside);
  }

  /**
   * A result that cannot be written is a failure, whatever the worker says. Of a run that may have
   * completed its job by itself it is not known yet whether it is done; from here on none can
   * become one of these, or it would be counted once more when that is known.
   */
  private Settlement settlement(Run run, Outcome ended, Workers.Known known) {
    run.end();
    Settlement settlement = transition.of(run.key(), ended, known);
    boolean done = ended instanceof Outcome.Done;
    if (done && !settlement.isCompletion()) {
      run.permit().ended(Outcome.failed("the result was refused"));
    } else if (!(ended instanceof Outcome.Failed) && !(done && run.isEntrusted())) {
      run.permit().ended(ended);
    }
    return settlement;
  }

  private Mono<Outcome> perform(Run run, Workers.Known known, Results results) {
    if (!run.permit().start() || !run.begin()) {
      return Mono.empty();
    }
    RunContext job = RunContext.of(run, results, known, reading.json, completing, reports);
    if (job.fits() && events.heard()) {
      events.ofRun(JobEvent.Kind.STARTED, run.key(), waited(run.job()), null);
    }
    Context travelled = reading.propagation.read(job.meta());
    Mono<Outcome> work =
        known.middleware().isEmpty() && travelled.isEmpty()
            ? perform(known, job)
            : Around.of(known.middleware(), job, Mono.defer(() -> perform(known, job)));
    return work.contextWrite(
        outer -> outer.putAll(travelled.readOnly()).put(JobContext.class, job));
  }

  private static Mono<Outcome> perform(Workers.Known known, RunContext job) {
    job.args(); // throws if they do not fit: the worker is not called then
    @SuppressWarnings("unchecked") // args were read as what this worker takes
    ReactiveWorker<Object> worker = (ReactiveWorker<Object>) known.worker();
    return worker.perform(job);
  }

  /** From when the job was due to when it was claimed, both by the database's clock. */
  private static Duration waited(Claimed job) {
    return Duration.between(job.scheduledAt(), job.claimedAt());
  }

  /**
   * What is read for a run.
   *
   * @param propagation what has travelled with the job from where it was enqueued
   * @param results what those gave back that a job depends on; it waits for a database that is
   *     away, and never fails
   */
  public record Reading(
      Json json, Propagation propagation, Function<Claimed, Mono<Results>> results) {}
}
