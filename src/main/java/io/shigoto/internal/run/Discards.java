package io.shigoto.internal.run;

import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.flow.Slots;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.json.UnreadableJob;
import io.shigoto.internal.known.Workers;
import io.shigoto.job.Job;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Has workers told of their jobs that are discarded, after the commit, so many at a time. It serves
 * all incarnations of a node: the jobs have ended, so a lost lease changes nothing for them.
 *
 * <p>What waits here dies with the process. So the node whose settlement was written calls once or,
 * if it dies in between, not at all. A node that does not know the worker passes it on to one that
 * does.
 */
public final class Discards {

  private static final Logger LOG = LoggerFactory.getLogger(Discards.class);
  private static final int AT_ONCE = 64;

  private final Workers workers;
  private final LongFunction<Mono<Job>> find;
  private final Function<RunKey, Mono<?>> passOn;
  private final LastCall lastCall;
  private final KeepGoing reading;
  private final AtomicInteger underWay = new AtomicInteger();
  private final Sinks.Empty<Void> cut = Sinks.empty();
  private volatile @Nullable FluxSink<Discard> waiting;

  /**
   * @param find reads a job with all its errors
   * @param passOn leaves it to nodes that know the worker
   * @param reading what is done when that fails
   */
  public Discards(
      Workers workers,
      LongFunction<Mono<Job>> find,
      Function<RunKey, Mono<?>> passOn,
      LastCall lastCall,
      KeepGoing reading) {
    this.workers = workers;
    this.find = find;
    this.passOn = passOn;
    this.lastCall = lastCall;
    this.reading = reading;
  }

  /**
   * Calls workers while subscribed. Completes after {@link #close}, when the last call has ended.
   */
  public Mono<Void> calls() {
    return Slots.merge(Flux.<Discard>create(sink -> waiting = sink), AT_ONCE, this::call)
        .then()
        .takeUntilOther(cut.asMono());
  }

  /** Takes no more; what waits is still called. */
  public void close() {
    FluxSink<Discard> sink = waiting;
    if (sink != null) {
      sink.complete();
    }
  }

  /** Cancels what is under way and drops what waits. */
  public void cut() {
    int left = underWay.get();
    if (left > 0) {
      LOG.atWarn().addKeyValue("jobs", left).log("stopped before every onDiscard had ended");
    }
    cut.tryEmitEmpty();
  }

  /**
   * The job of this run was discarded: its worker is told, by this node or, if it does not know it,
   * by another. Completes when it was told or passed on, or is not to be.
   */
  public Mono<Void> add(RunKey run) {
    Workers.Known known = workers.find(run.worker());
    return known != null && !known.hearsOfDiscards()
        ? Mono.empty()
        : add(new Discard(run, known, Sinks.empty())).takeUntilOther(cut.asMono());
  }

  /** {@link #add} when subscribed. Cancel: it is told all the same. */
  public Mono<Void> told(RunKey run) {
    return Mono.defer(() -> add(run));
  }

  private Mono<Void> add(Discard discard) {
    FluxSink<Discard> sink = waiting;
    if (sink == null) {
      return Mono.empty();
    }
    underWay.incrementAndGet();
    sink.next(discard);
    return discard.told.asMono();
  }

  private Mono<Void> call(Discard discard) {
    Workers.Known known = discard.known;
    Mono<?> call =
        known == null
            ? reading.until(passOn.apply(discard.run))
            : reading
                .until(found(discard.run))
                .flatMap(job -> lastCall.of(discard.run, job, known));
    return call.then()
        .doFinally(
            end -> {
              underWay.decrementAndGet();
              discard.told.tryEmitEmpty();
            });
  }

  /** What cannot be read now cannot be read later either. */
  private Mono<Job> found(RunKey run) {
    return find.apply(run.id())
        .doOnError(UnreadableJob.class, unreadable -> tell(run, unreadable))
        .onErrorComplete(UnreadableJob.class);
  }

  private static void tell(RunKey run, Throwable unreadable) {
    LOG.atWarn()
        .addKeyValue("job", run.id())
        .addKeyValue("worker", run.worker())
        .addKeyValue("error", unreadable.getMessage())
        .log("onDiscard is not called, the job cannot be read");
  }

  private record Discard(RunKey run, Workers.@Nullable Known known, Sinks.Empty<Void> told) {}
}
