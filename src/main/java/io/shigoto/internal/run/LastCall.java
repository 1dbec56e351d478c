package io.shigoto.internal.run;

import io.shigoto.internal.context.Propagation;
import io.shigoto.internal.job.Failure;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.json.Json;
import io.shigoto.internal.known.Workers;
import io.shigoto.internal.thread.Crew;
import io.shigoto.job.Job;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.ReactiveWorker;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/** Calls a worker's onDiscard, as guarded as its runs are. */
public final class LastCall {

  private static final Logger LOG = LoggerFactory.getLogger(LastCall.class);

  private final Json json;
  private final Propagation propagation;
  private final Scheduler scheduler;
  private final Crew aside;

  /**
   * @param scheduler where workers are called
   * @param aside where they are cancelled
   */
  public LastCall(Json json, Propagation propagation, Scheduler scheduler, Crew aside) {
    this.json = json;
    this.propagation = propagation;
    this.scheduler = scheduler;
    this.aside = aside;
  }

  /** Tells the worker when subscribed; completes when that has ended, well or not. */
  Mono<Void> of(RunKey run, Job job, Workers.Known known) {
    return Guarded.call(() -> onDiscard(run, job, known), known.timeout(), scheduler, aside)
        .doOnError(error -> tell(run, error))
        .onErrorComplete();
  }

  private Mono<Void> onDiscard(RunKey run, Job job, Workers.Known known) {
    RunContext context = RunContext.of(run, job, known, json);
    @SuppressWarnings("unchecked") // args were read as what this worker takes
    ReactiveWorker<Object> worker = (ReactiveWorker<Object>) known.worker();
    Context travelled = propagation.readWhatFits(context.meta());
    return Mono.defer(() -> worker.onDiscard(context, job.errors()))
        .contextWrite(outer -> outer.putAll(travelled.readOnly()).put(JobContext.class, context));
  }

  /** Neither the message nor the causes: they are the worker's, and may say what args are. */
  private static void tell(RunKey run, Throwable failure) {
    Throwable error = Guarded.thrown(failure);
    LOG.atWarn()
        .addKeyValue("job", run.id())
        .addKeyValue("worker", run.worker())
        .addKeyValue("error", error.getClass().getName())
        .addKeyValue("at", Failure.place(error))
        .log("onDiscard failed, the job stays discarded");
  }
}
