package io.shigoto.internal.queue;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.claim.Claimer;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.flow.Nudge;
import io.shigoto.internal.flow.Slots;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.News;
import io.shigoto.internal.job.RunKey;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.permit.Allowances;
import io.shigoto.internal.permit.Lane;
import io.shigoto.internal.permit.Portion;
import io.shigoto.internal.run.Discards;
import io.shigoto.internal.run.Load;
import io.shigoto.internal.run.Reports;
import io.shigoto.internal.run.Run;
import io.shigoto.internal.run.Runner;
import io.shigoto.internal.run.Runs;
import io.shigoto.internal.settle.Completions;
import io.shigoto.internal.settle.Settler;
import io.shigoto.internal.wake.Pauses;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * A queue of one node while it works.
 *
 * <p>Claims: one at a time, as many as there are free slots and a little ahead, when there may be
 * work. Runs: as many at a time as the queue's concurrency. Settlements: as many unwritten as the
 * window holds; when it is full, runs that have ended keep their slots, so a slow database slows
 * claiming by itself. While the queue is paused, no run is begun, and those that wait for a slot
 * are given back.
 */
public final class QueuePipeline {

  private static final Logger LOG = LoggerFactory.getLogger(QueuePipeline.class);
  private static final int MOST_AHEAD = 8000;
  private static final int WINDOW = 2000;
  private static final long HEAVIEST = 64 * 1024 * 1024;
  private static final Duration TICK = Duration.ofMillis(250);

  private final String queue;
  private final ServedQueue served;
  private final Parts parts;
  private final Nudge work;
  private final Nudge room = new Nudge();
  private final Ahead ahead;
  private final Appetite appetite = new Appetite(MOST_AHEAD);
  private final Lane lane;
  private final Load load = new Load(HEAVIEST, this::lookIfHungry);
  private final Scheduler timer;
  private volatile boolean stopped;

  /**
   * @param work given when there may be work, and when the queue was changed
   */
  QueuePipeline(ServedQueue served, Parts parts, Nudge work, Scheduler timer) {
    this.queue = served.name();
    this.served = served;
    this.ahead = new Ahead(served::concurrency, this::mayBegin, this::lookIfHungry);
    this.parts = parts;
    this.work = work;
    this.timer = timer;
    this.lane = parts.allowances.lane(room::give);
  }

  /**
   * Works while subscribed; completes when everything that it held is settled.
   *
   * @param stop when it completes, no more is claimed, what was not started is given back, and the
   *     rest runs to its end
   */
  Flux<?> flow(Mono<Void> stop) {
    Flux<Ended> ended = Slots.merge(ahead.runs(), Ahead.MOST_SLOTS, this::run);
    Flux<Ended> unstarted =
        looks()
            .takeUntilOther(stop)
            .doOnComplete(() -> stopped = true)
            .concatMap(look -> look(), 0)
            .concatWith(Flux.defer(() -> Flux.fromIterable(ahead.close())))
            .filter(Run::take)
            .map(this::released);
    return Flux.merge(
        Slots.merge(ended, WINDOW, this::settle), Slots.merge(unstarted, WINDOW, this::settle));
  }

  /** How many slots are free. */
  long free() {
    return ahead.free();
  }

  private Flux<Boolean> looks() {
    return Flux.merge(work.looks().doOnNext(look -> lane.news()), room.looks(), overdue())
        .onBackpressureLatest();
  }

  private Flux<Boolean> overdue() {
    return Flux.interval(TICK, timer)
        .onBackpressureDrop()
        .map(tick -> ahead.looksOverdue((int) (appetite.patience() / TICK.toNanos())))
        .filter(overdue -> overdue);
  }

  /**
   * Claims; and gives back what was claimed and not started, if the queue is paused or long runs
   * are in the way.
   */
  private Flux<Run> look() {
    ahead.move();
    if (isPaused()) {
      return Flux.fromIterable(ahead.takeBack());
    }
    List<Run> spoilt = ahead.isOverdue() ? ahead.takeBack() : List.of();
    if (!spoilt.isEmpty()) {
      appetite.spoilt();
    }
    return Flux.fromIterable(spoilt).concatWith(claim().thenMany(Flux.<Run>empty()));
  }

  private boolean mayBegin() {
    return !stopped && !isPaused();
  }

  private boolean isPaused() {
    return parts.pauses.isPaused(queue);
  }

  private void lookIfHungry() {
    if (lane.isReady() && limit() > 0) {
      room.give();
    }
  }

  /** What may only be claimed for a free slot has its turn between claims that run ahead. */
  private int limit() {
    long free = ahead.free();
    return (free == 0 && lane.wantsSlots()) || load.room() <= 0
        ? 0
        : appetite.limit(free, ahead.size());
  }

  /**
   * A claim is never cancelled: its rows may be ours already. While it fails, it is tried again
   * until the stop.
   */
  private Mono<Void> claim() {
    int limit = lane.isReady() ? limit() : 0;
    if (limit == 0) {
      return Mono.empty();
    }
    Portion portion = lane.portion(limit, ahead.free());
    if (portion.isEmpty()) {
      lookIfHungry();
      return Mono.empty();
    }
    long finished = appetite.mark();
    long began = parts.nanos.getAsLong();
    Mono<Brought> claim =
        parts.claimer.claim(portion.wanted(queue, Appetite.load(load.room()), served.isFair()));
    return parts
        .claiming
        .until(claim, () -> !stopped)
        .doOnNext(brought -> took(brought, portion, limit, finished, began))
        .switchIfEmpty(Mono.fromRunnable(portion::abandon))
        .then();
  }

  private void took(Brought brought, Portion portion, int limit, long finished, long began) {
    List<Claimed> jobs = brought.jobs();
    long took = parts.nanos.getAsLong() - began;
    appetite.claimed(finished, took, jobs.size() >= limit && ahead.free() > 0);
    List<Permit> permits = portion.took(brought, took);
    if (jobs.isEmpty()) {
      lookIfHungry();
      return;
    }
    parts.events.ofQueue(JobEvent.Kind.QUEUE_CLAIM, queue, jobs.size(), Duration.ofNanos(took));
    appetite.weighed(jobs.size(), brought.tooMuch());
    if (brought.tooMuch()) {
      // Others may have passed over rows that this claim had locked and did not take.
      parts.bell.ring(News.available(queue));
    }
    List<Run> held = new ArrayList<>(jobs.size());
    for (int i = 0; i < jobs.size(); i++) {
      Run run = parts.runs.hold(jobs.get(i), permits.get(i), load);
      held.add(run);
      parts.events.ofRun(JobEvent.Kind.CLAIMED, run.key(), null, null);
    }
    ahead.add(held);
    lookIfHungry();
  }

  /** Empty if the job was called off while it waited: whoever did it has settled it. */
  private Mono<Ended> run(Run run) {
    if (!run.take()) {
      return Mono.empty();
    }
    long began = parts.nanos.getAsLong();
    return parts.runner.run(run).map(settlement -> ended(run, settlement, began));
  }

  private Ended ended(Run run, Settlement settlement, long began) {
    long took = parts.nanos.getAsLong() - began;
    run.permit().close();
    appetite.finished(took);
    run.end();
    return new Ended(run, settlement, Duration.ofNanos(took));
  }

  private Ended released(Run run) {
    run.permit().close();
    return new Ended(run, Settlement.released(run.key()), Duration.ZERO);
  }

  private Mono<Void> settle(Ended ended) {
    Mono<Settlement> settlement =
        ended.run.isEntrusted()
            ? parts.completions.settle(ended.settlement, parts.runs.whenCut())
            : settlePlainly(ended);
    return settlement.flatMap(settled -> settled(ended, settled));
  }

  /** What the run said last of how far it is stands with the job when that ends. */
  private Mono<Settlement> settlePlainly(Ended ended) {
    Mono<Settlement> settlement = parts.settler.settle(ended.settlement);
    return ended.run.hasMoreToSay()
        ? parts.reports.lastWord(ended.run).then(settlement)
        : settlement;
  }

  /** Holds its place in the window until its worker was told, if the job is discarded. */
  private Mono<Void> settled(Ended ended, Settlement settled) {
    parts.runs.letGo(ended.run);
    RunKey run = settled.run();
    if (!settled.isWritten()) {
      LOG.atWarn()
          .addKeyValue("job", run.id())
          .addKeyValue("worker", run.worker())
          .addKeyValue("attempt", run.attempt())
          .log("a run ended after it had lost its lease, nothing was written");
    }
    parts.events.ofRun(
        settled.kind(), run, ended.took, settled.error() == null ? null : settled.error().type());
    return settled.isDiscard()
        ? parts.discards.told(run).takeUntilOther(parts.runs.whenCut())
        : Mono.empty();
  }

  /**
   * What the queues of a node share.
   *
   * @param claiming what is done when a claim fails
   * @param nanos a clock for elapsed time
   */
  public record Parts(
      Allowances allowances,
      Claimer claimer,
      Runner runner,
      Runs runs,
      Settler settler,
      Completions completions,
      Reports reports,
      Discards discards,
      Pauses pauses,
      Bell bell,
      Events events,
      KeepGoing claiming,
      LongSupplier nanos) {}

  private record Ended(Run run, Settlement settlement, Duration took) {}
}
