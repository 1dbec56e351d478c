package io.shigoto.internal.queue;

import io.shigoto.event.JobEvent;
import io.shigoto.internal.flow.Nudge;
import io.shigoto.internal.job.Brought;
import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.News;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.permit.Lane;
import io.shigoto.internal.permit.Portion;
import io.shigoto.internal.run.Load;
import io.shigoto.internal.run.Run;
import io.shigoto.internal.seats.Seats;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import reactor.core.publisher.Mono;

/**
 * The claims of a queue, one at a time: what its workers may start now, for the slots that are free
 * and a little ahead. What they bring waits in {@link Ahead}.
 */
final class Claims {

  private static final int MOST_AHEAD = 8000;
  private static final long HEAVIEST = 64 * 1024 * 1024;

  private final ServedQueue served;
  private final QueuePipeline.Parts parts;
  private final Ahead ahead;
  private final Seats seats;
  private final Nudge room;
  private final Appetite appetite = new Appetite(MOST_AHEAD);
  private final Lane lane;
  private final Load load = new Load(HEAVIEST, this::lighter);
  private volatile boolean underWay;

  /**
   * @param room given when there is room for more, and there may be more
   */
  Claims(ServedQueue served, QueuePipeline.Parts parts, Ahead ahead, Seats seats, Nudge room) {
    this.served = served;
    this.parts = parts;
    this.ahead = ahead;
    this.seats = seats;
    this.room = room;
    this.lane = parts.allowances().lane(room::give);
  }

  /** There may be new jobs. */
  void news() {
    lane.news();
  }

  /** Whether the jobs that are held weigh all that they may. */
  boolean isFull() {
    return load.room() <= 0;
  }

  /** Whether one that is under way, or the next one, may bring anything. */
  boolean mayBring() {
    return underWay || (lane.isReady() && !isFull());
  }

  void lookIfHungry() {
    if (lane.isReady() && limit() > 0) {
      room.give();
    }
  }

  /** There is room for more weight: what the queue could not use meanwhile, others have. */
  private void lighter() {
    seats.changed();
    lookIfHungry();
  }

  /** A run has ended, which took so many nanoseconds. */
  void finished(long took) {
    appetite.finished(took);
  }

  /** For how long a job may wait ahead, in nanoseconds. */
  long patience() {
    return appetite.patience();
  }

  /** What was claimed ahead could not be run, and is given back. */
  void spoilt() {
    appetite.spoilt();
    lane.news();
  }

  /** What may only be claimed for a free slot has its turn between claims that run ahead. */
  private int limit() {
    long free = ahead.free();
    return (free == 0 && lane.wantsSlots()) || isFull() ? 0 : appetite.limit(free, ahead.size());
  }

  /**
   * A claim is never cancelled: its rows may be ours already.
   *
   * @param goOn while it fails, it is tried again as long as this says so
   */
  Mono<Void> next(BooleanSupplier goOn) {
    int limit = lane.isReady() ? limit() : 0;
    if (limit == 0) {
      return Mono.empty();
    }
    long free = ahead.free();
    Portion portion = lane.portion(limit, free);
    if (portion.isEmpty()) {
      seats.changed();
      lookIfHungry();
      return Mono.empty();
    }
    underWay = true;
    seats.reserve(free);
    long finished = appetite.mark();
    long began = parts.nanos().getAsLong();
    Mono<Brought> claim =
        parts
            .claimer()
            .claim(
                portion.wanted(
                    served.name(),
                    Appetite.load(load.room()),
                    served.isFair(),
                    served.shedding().floor()));
    return parts
        .claiming()
        .until(claim, goOn)
        .doOnNext(brought -> took(brought, portion, limit, finished, began))
        .switchIfEmpty(Mono.fromRunnable(portion::abandon))
        .then(Mono.fromRunnable(this::over));
  }

  /** Slots that the claim did not fill are for whoever needs them. */
  private void over() {
    underWay = false;
    seats.reserve(0);
    seats.changed();
  }

  private void took(Brought brought, Portion portion, int limit, long finished, long began) {
    List<Claimed> jobs = brought.jobs();
    long took = parts.nanos().getAsLong() - began;
    boolean full = jobs.size() >= limit || brought.more();
    appetite.claimed(finished, took, jobs.size() >= limit && ahead.free() > 0);
    served.shedding().claimed(brought, full, portion::limits, took);
    List<Permit> permits = portion.took(brought, took);
    if (jobs.isEmpty()) {
      lookIfHungry();
      return;
    }
    parts
        .events()
        .ofQueue(JobEvent.Kind.QUEUE_CLAIM, served.name(), jobs.size(), Duration.ofNanos(took));
    appetite.weighed(jobs.size(), brought.tooMuch());
    if (brought.tooMuch()) {
      // Others may have passed over rows that this claim had locked and did not take.
      parts.bell().ring(News.available(served.name()));
    }
    List<Run> held = new ArrayList<>(jobs.size());
    for (int i = 0; i < jobs.size(); i++) {
      Run run = parts.runs().hold(jobs.get(i), permits.get(i), load);
      held.add(run);
      parts.events().ofRun(JobEvent.Kind.CLAIMED, run.key(), null, null);
    }
    ahead.add(held);
    lookIfHungry();
  }
}
