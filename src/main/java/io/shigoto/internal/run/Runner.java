package io.shigoto.internal.run;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.job.Workers;
import io.shigoto.internal.json.Json;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Runs one job: from what was claimed to what is to be written. */
public final class Runner {

  private final Workers workers;
  private final Json json;
  private final Transition transition;
  private final Events events;
  private final Scheduler scheduler;
  private final Scheduler timer;

  /**
   * @param scheduler where workers are called
   * @param timer where their timeouts are watched
   */
  public Runner(
      Workers workers,
      Json json,
      Transition transition,
      Events events,
      Scheduler scheduler,
      Scheduler timer) {
    this.workers = workers;
    this.json = json;
    this.transition = transition;
    this.events = events;
    this.scheduler = scheduler;
    this.timer = timer;
  }

  /** Emits how the run is to be settled, exactly once, whatever its worker does. Never fails. */
  public Mono<Settlement> run(Run run) {
    Workers.Known known = Objects.requireNonNull(workers.find(run.key().worker()));
    return new Guarded<>(Mono.defer(() -> perform(run, known)))
        .subscribeOn(scheduler)
        .timeout(known.timeout(), Mono.error(() -> new RunTimeout(known.timeout())), timer)
        .defaultIfEmpty(Outcome.done())
        .onErrorResume(error -> Mono.just(Outcome.failed(error)))
        .map(outcome -> transition.of(run.key(), outcome, known))
        .takeUntilOther(run.whenCut())
        .defaultIfEmpty(Settlement.released(run.key()));
  }

  private Mono<Outcome> perform(Run run, Workers.Known known) {
    JobContext<Object> context = context(run.job(), known);
    events.ofRun(JobEvent.Kind.STARTED, run.key(), waited(run.job()), null);
    @SuppressWarnings("unchecked") // args were just read as what this worker takes
    ReactiveWorker<Object> worker = (ReactiveWorker<Object>) known.worker();
    return worker.perform(context).contextWrite(outer -> outer.put(JobContext.class, context));
  }

  private JobContext<Object> context(Claimed job, Workers.Known known) {
    return new JobContext<>(
        job.id(),
        json.read(job.args(), known.args()),
        job.attempt(),
        job.maxAttempts(),
        job.queue(),
        job.worker(),
        job.priority(),
        job.tags(),
        job.meta() == null ? Map.of() : json.readTexts(job.meta()),
        job.partitionKey(),
        job.insertedAt(),
        job.scheduledAt());
  }

  /** From when the job was due to when it was claimed, both by the database's clock. */
  private static Duration waited(Claimed job) {
    return Duration.between(job.scheduledAt(), job.claimedAt());
  }
}
