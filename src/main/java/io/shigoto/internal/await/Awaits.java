package io.shigoto.internal.await;

import io.shigoto.internal.await.Standing.Ended;
import io.shigoto.internal.await.Standing.Open;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Gate;
import io.shigoto.internal.flow.KeepGoing;
import io.shigoto.internal.flow.Nudge;
import io.shigoto.internal.job.Bell;
import io.shigoto.internal.job.News;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Callers who wait for the end of jobs, of whatever node.
 *
 * <p>The protocol: a caller is in the map before its job is looked at. The look marks the job as
 * watched, in the statement that sees it live; so the settlement that ends it later tells of that,
 * and the job is looked at again. What is told is only a reason to look, and a look answers only
 * those who were there when it began. While anybody waits, the node listens, whether it was started
 * or not, and polls for what was told and not heard.
 */
public final class Awaits implements Bell {

  private static final Logger LOG = LoggerFactory.getLogger(Awaits.class);

  /** So long after its last use the node goes on to listen, for the next caller. */
  private static final Duration LINGER = Duration.ofSeconds(10);

  private final Map<Long, Set<Waiter>> byId = new ConcurrentHashMap<>();
  private final Looks looks;
  private final Flux<?> hearing;
  private final Duration pollInterval;
  private final Scheduler timer;
  private final KeepGoing keepGoing;
  private final Nudge polling = new Nudge();
  private final AtomicBoolean watching = new AtomicBoolean();
  private final Sinks.Empty<Void> closed = Sinks.empty();
  private volatile boolean used;
  private volatile boolean refuses;

  /**
   * @param hearing listens while subscribed, and rings this
   */
  public Awaits(Looks looks, Flux<?> hearing, Duration pollInterval, Scheduler timer) {
    this.looks = looks;
    this.hearing = hearing;
    this.pollInterval = pollInterval;
    this.timer = timer;
    this.keepGoing = new KeepGoing("await", timer);
  }

  /**
   * Waits, when subscribed, for the end of a job. Errors: {@link NoSuchElementException} if there
   * is none; the driver's, as long as it is not known whether there is; {@link
   * IllegalStateException} when the node is stopped. Cancel: ends the wait.
   */
  public Mono<Ending> end(long id) {
    return Mono.create(caller -> enter(new Waiter(id, caller), caller));
  }

  /** As {@link #end}, for a job that is known to be there. */
  public Mono<Ending> endOfKnown(long id) {
    return Mono.create(
        caller -> {
          Waiter waiter = new Waiter(id, caller);
          waiter.jobIsThere();
          enter(waiter, caller);
        });
  }

  @Override
  public void ring(News news) {
    news.ended().forEach(this::look);
  }

  @Override
  public void everything() {
    polling.give();
  }

  /** Refuses all who wait, and all who come. */
  public void close() {
    refuses = true;
    closed.tryEmitEmpty();
    byId.values().forEach(waiters -> waiters.forEach(Awaits::refuse));
  }

  /** How many jobs are waited for. */
  int size() {
    return byId.size();
  }

  private void enter(Waiter waiter, MonoSink<Ending> caller) {
    byId.compute(
        waiter.id(),
        (id, present) -> {
          Set<Waiter> waiters = present == null ? ConcurrentHashMap.newKeySet() : present;
          waiters.add(waiter);
          return waiters;
        });
    caller.onDispose(() -> leave(waiter));
    used = true;
    if (refuses) {
      refuse(waiter);
      return;
    }
    watch();
    look(waiter.id(), Set.of(waiter));
  }

  private void leave(Waiter waiter) {
    byId.computeIfPresent(
        waiter.id(),
        (id, waiters) -> {
          waiters.remove(waiter);
          return waiters.isEmpty() ? null : waiters;
        });
  }

  private static void refuse(Waiter waiter) {
    waiter.fail(Gate.refusal());
  }

  private void look(long id) {
    Set<Waiter> waiters = byId.get(id);
    if (waiters != null) {
      look(id, Set.copyOf(waiters));
    }
  }

  private void look(long id, Set<Waiter> present) {
    Detached.start(
        looks
            .at(id)
            .doOnNext(standing -> present.forEach(waiter -> saw(waiter, standing)))
            .doOnError(error -> present.forEach(waiter -> sawNothing(waiter, error)))
            .onErrorComplete());
  }

  private void saw(Waiter waiter, Standing standing) {
    if (standing instanceof Ended ended) {
      waiter.end(ended.ending());
    } else if (standing == Open.GONE) {
      waiter.fail(
          new NoSuchElementException(
              "there is no job %d: it is not committed, was deleted, or is out of retention"
                  .formatted(waiter.id())));
    } else {
      waiter.jobIsThere();
      if (standing == Open.HELD) {
        lookLater(waiter);
      }
    }
  }

  private void sawNothing(Waiter waiter, Throwable error) {
    if (waiter.knowsTheJobIsThere()) {
      LOG.atDebug()
          .addKeyValue("job", waiter.id())
          .addKeyValue("error", error::toString)
          .log("could not look");
      lookLater(waiter);
    } else {
      waiter.fail(error);
    }
  }

  /** The timer goes with the node; those who wait then were refused. */
  private void lookLater(Waiter waiter) {
    Detached.start(
        Mono.delay(waiter.nextPause(), timer)
            .filter(now -> isWaiting(waiter))
            .doOnNext(now -> look(waiter.id(), Set.of(waiter)))
            .onErrorComplete(RejectedExecutionException.class));
  }

  private boolean isWaiting(Waiter waiter) {
    return byId.getOrDefault(waiter.id(), Set.of()).contains(waiter);
  }

  private void watch() {
    if (watching.compareAndSet(false, true)) {
      Detached.start(watched());
    }
  }

  private Mono<Void> watched() {
    Flux<?> polls =
        Flux.merge(Flux.interval(pollInterval, timer), polling.looks())
            .onBackpressureLatest()
            .concatMap(look -> keepGoing.until(Mono.defer(this::poll)), 0);
    Mono<?> calm =
        Flux.interval(LINGER, timer).onBackpressureDrop().filter(tick -> isCalm()).next();
    return Flux.merge(polls, hearing)
        .takeUntilOther(Mono.firstWithSignal(calm, closed.asMono()))
        .then()
        .doFinally(end -> watchedNoMore());
  }

  /** Whoever came since the calm was seen found that it is watched. */
  private void watchedNoMore() {
    watching.set(false);
    if (!byId.isEmpty() && !refuses) {
      watch();
    }
  }

  private boolean isCalm() {
    boolean calm = !used && byId.isEmpty();
    used = false;
    return calm;
  }

  private Mono<List<Long>> poll() {
    Set<Long> ids = Set.copyOf(byId.keySet());
    return ids.isEmpty()
        ? Mono.empty()
        : looks.gone(ids).doOnNext(gone -> gone.forEach(this::look));
  }
}
