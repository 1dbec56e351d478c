package io.shigoto.internal.queue;

import io.shigoto.internal.claim.Claimer;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.flow.Nudge;
import io.shigoto.internal.flow.Slots;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.Events;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.permit.Allowances;
import io.shigoto.internal.run.Discards;
import io.shigoto.internal.run.Reports;
import io.shigoto.internal.run.Run;
import io.shigoto.internal.run.Runner;
import io.shigoto.internal.run.Runs;
import io.shigoto.internal.seats.NodeSlots;
import io.shigoto.internal.seats.Seats;
import io.shigoto.internal.settle.Completions;
import io.shigoto.internal.settle.Settler;
import io.shigoto.internal.wake.Pauses;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
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
public final class QueuePipeline implements Seats.Owner {

  private static final int WINDOW = 2000;
  private static final Duration TICK = Duration.ofMillis(250);

  private final String queue;
  private final ServedQueue served;
  private final Parts parts;
  private final Nudge work;
  private final Nudge room = new Nudge();
  private final Ahead ahead;
  private final Claims claims;
  private final Seats seats;
  private final Endings endings;
  private final Scheduler timer;
  private volatile boolean stopped;

  /**
   * @param node the slots of the node
   * @param work given when there may be work, and when the queue was changed
   */
  QueuePipeline(ServedQueue served, Parts parts, NodeSlots node, Nudge work, Scheduler timer) {
    this.queue = served.name();
    this.served = served;
    this.seats = node.seats(this);
    this.ahead = new Ahead(served::concurrency, seats, this::mayBegin, this::lookIfHungry);
    this.claims = new Claims(served, parts, ahead, seats, room);
    this.parts = parts;
    this.endings = new Endings(parts);
    this.work = work;
    this.timer = timer;
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
            .concatWith(Flux.defer(() -> Flux.fromIterable(closed())))
            .filter(Run::take)
            .map(Ended::released);
    return Flux.merge(
            Slots.merge(ended, WINDOW, endings::settle),
            Slots.merge(unstarted, WINDOW, endings::settle))
        .doOnSubscribe(begin -> seats.join())
        .doFinally(end -> seats.leave());
  }

  private List<Run> closed() {
    List<Run> unstarted = ahead.close();
    seats.changed();
    return unstarted;
  }

  /** How many more it is wide enough for. */
  long room() {
    return ahead.room();
  }

  /** Whether its jobs here weigh all that they may. */
  boolean isFull() {
    return claims.isFull();
  }

  @Override
  public boolean isHungry() {
    return mayBegin() && (ahead.size() > 0 || claims.mayBring());
  }

  @Override
  public int width() {
    return served.concurrency();
  }

  @Override
  public int weight() {
    return served.weight();
  }

  @Override
  public void onSlots() {
    ahead.move();
    lookIfHungry();
  }

  /** From time to time, while priorities may be shed: what was shed may be claimed again. */
  void lookAtTheClock() {
    if (served.shedding().tick()) {
      work.give();
    }
  }

  private Flux<Boolean> looks() {
    return Flux.merge(work.looks().doOnNext(look -> claims.news()), room.looks(), overdue())
        .onBackpressureLatest();
  }

  private Flux<Boolean> overdue() {
    return Flux.interval(TICK, timer)
        .onBackpressureDrop()
        .map(tick -> ahead.looksOverdue((int) (claims.patience() / TICK.toNanos())))
        .filter(overdue -> overdue);
  }

  /**
   * Claims; and gives back what was claimed and not started, if the queue is paused, or long runs
   * or other queues of the node are in the way.
   */
  private Flux<Run> look() {
    ahead.move();
    seats.changed();
    if (isPaused()) {
      return Flux.fromIterable(ahead.takeBack());
    }
    List<Run> spoilt = ahead.isOverdue() ? ahead.takeBack() : List.of();
    if (!spoilt.isEmpty()) {
      claims.spoilt();
    }
    return Flux.fromIterable(spoilt)
        .concatWith(claims.next(() -> !stopped).thenMany(Flux.<Run>empty()));
  }

  private boolean mayBegin() {
    return !stopped && !isPaused();
  }

  private boolean isPaused() {
    return parts.pauses.isPaused(queue);
  }

  private void lookIfHungry() {
    claims.lookIfHungry();
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
    run.end();
    if (run.isEntrusted()) {
      run.permit().free();
    } else {
      run.permit().close();
    }
    claims.finished(took);
    return new Ended(run, settlement, Duration.ofNanos(took));
  }

  /**
   * What the queues of a node share.
   *
   * @param claiming what is done when a claim fails
   * @param nanos a clock for elapsed time
   * @param broke told when a queue ended by an error that nobody expected
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
      LongSupplier nanos,
      Consumer<Throwable> broke) {}
}
