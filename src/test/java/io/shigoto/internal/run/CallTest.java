package io.shigoto.internal.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.internal.thread.Crew;
import io.shigoto.support.Await;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.publisher.TestPublisher;
import reactor.test.scheduler.VirtualTimeScheduler;

class CallTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  /** After that the timer has an alarm that is still set. */
  private static final Duration A_MOMENT = Duration.ofMillis(5);

  private static final int ROUNDS = 5_000;

  private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
  private final Crew aside =
      Crew.aside("shigoto-aside", timer, () -> timer.now(TimeUnit.NANOSECONDS));
  private final Scheduler workers = Schedulers.newBoundedElastic(4, 10_000, "call-test");

  @AfterEach
  void end() {
    aside.dispose();
    workers.dispose();
  }

  @Test
  void givesWhatTheCodeGivesOnTheThreadOfTheCode() {
    assertThat(call(() -> Mono.just(Thread.currentThread().getName())).block(LIMIT))
        .startsWith("call-test");
    assertThat(call(Mono::empty).block(LIMIT)).isNull();
  }

  @Test
  void whateverIsThrownIsAnError() {
    assertThatThrownBy(
            () ->
                call(() -> {
                      throw new IllegalStateException("no");
                    })
                    .block(LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("no");
    assertThatThrownBy(
            () ->
                call(() -> {
                      throw new NoClassDefFoundError("gone");
                    })
                    .block(LIMIT))
        .isInstanceOf(Guarded.WorkerBroke.class)
        .hasCauseInstanceOf(NoClassDefFoundError.class);
    assertThatThrownBy(() -> call(() -> null).block(LIMIT))
        .isInstanceOf(NullPointerException.class);
  }

  @Test
  void afterItsTimeTheCodeIsCancelledAndThenThereIsAnError() {
    TestPublisher<String> source = TestPublisher.create();
    AtomicReference<Throwable> error = new AtomicReference<>();
    CountDownLatch ended = new CountDownLatch(1);
    new Call<>(source::mono, TIMEOUT, Schedulers.immediate(), aside)
        .subscribe(
            value -> {},
            failure -> {
              source.assertCancelled();
              error.set(failure);
              ended.countDown();
            });
    source.assertSubscribers(1);

    timer.advanceTimeBy(TIMEOUT.minusMillis(1));
    source.assertNotCancelled();
    timer.advanceTimeBy(Duration.ofMillis(1));

    assertThat(await(ended)).isTrue();
    assertThat(error.get()).isInstanceOf(RunTimeout.class).hasMessageContaining("PT1S");
  }

  /** Each alarm is taken back: a worker may allow an hour and have a thousand runs a second. */
  @Test
  void whatHasEndedLeavesNoAlarm() {
    ScheduledThreadPoolExecutor alarms = new ScheduledThreadPoolExecutor(1);
    alarms.setRemoveOnCancelPolicy(true);
    Crew crew =
        Crew.aside("shigoto-aside", Schedulers.fromExecutorService(alarms), System::nanoTime);

    for (int i = 0; i < 100; i++) {
      new Call<>(() -> Mono.just("a"), LIMIT, Schedulers.immediate(), crew).block(LIMIT);
    }
    new Call<>(Mono::never, LIMIT, Schedulers.immediate(), crew).subscribe().dispose();
    new Call<>(Mono::empty, LIMIT, ended(), crew).onErrorComplete().block(LIMIT);

    Await.until(LIMIT, () -> alarms.getQueue().isEmpty());
    alarms.shutdownNow();
  }

  @Test
  void aThreadThatIsInTheCodeIsInterruptedWhenNobodyWantsItsResult() {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    Disposable call =
        call(() -> {
              inside.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException expected) {
                interrupted.countDown();
              }
              return Mono.never();
            })
            .subscribe();
    assertThat(await(inside)).isTrue();

    call.dispose();

    assertThat(await(interrupted)).isTrue();
  }

  /** A worker may begin something, and go on in its thread while that has given its result. */
  @Test
  void aThreadThatIsStillInTheCodeWhenItsResultIsThereIsNotInterrupted() {
    Sinks.One<String> result = Sinks.one();
    CountDownLatch taken = new CountDownLatch(1);
    CountDownLatch out = new CountDownLatch(1);
    AtomicReference<Boolean> interrupted = new AtomicReference<>();
    Mono<String> slow =
        result
            .asMono()
            .doOnSubscribe(
                subscribed ->
                    workers.schedule(
                        () -> {
                          // On another thread, when the subscription is made.
                          while (result.currentSubscriberCount() == 0) {
                            Thread.onSpinWait();
                          }
                          result.tryEmitValue("early");
                        }));
    call(() ->
            Mono.from(
                subscriber -> {
                  slow.subscribe(subscriber);
                  await(taken);
                  interrupted.set(Thread.currentThread().isInterrupted());
                  out.countDown();
                }))
        .subscribe(value -> taken.countDown());

    assertThat(await(out)).isTrue();
    assertThat(interrupted).hasValue(false);
  }

  @Test
  void whoCancelsOnAThreadThatMustNotWaitDoesNotRunTheCodeOfTheApplication() {
    AtomicReference<String> where = new AtomicReference<>();
    CountDownLatch cancelled = new CountDownLatch(1);
    Disposable call =
        new Call<>(
                () ->
                    Mono.never()
                        .doOnCancel(
                            () -> {
                              where.set(Thread.currentThread().getName());
                              cancelled.countDown();
                            }),
                TIMEOUT,
                Schedulers.immediate(),
                aside)
            .subscribe();

    Schedulers.parallel().schedule(call::dispose);

    assertThat(await(cancelled)).isTrue();
    assertThat(where.get()).startsWith("shigoto-aside");
  }

  @Test
  void whatIsCancelledBeforeAThreadHasTakenItIsNotCalled() {
    AtomicInteger calls = new AtomicInteger();
    VirtualTimeScheduler slow = VirtualTimeScheduler.create();
    Disposable call =
        new Call<>(
                () -> {
                  calls.incrementAndGet();
                  return Mono.empty();
                },
                TIMEOUT,
                new Later(slow),
                aside)
            .subscribe();

    call.dispose();
    slow.advanceTimeBy(LIMIT);

    assertThat(calls).hasValue(0);
  }

  @Test
  void threadsThatTakeNoMoreAreAnError() {
    assertThatThrownBy(() -> new Call<>(Mono::empty, TIMEOUT, ended(), aside).block(LIMIT))
        .isInstanceOf(RejectedExecutionException.class);
  }

  @Test
  void aResultThatMeetsTheEndOfItsTimeIsOneSignal() {
    AtomicInteger results = new AtomicInteger();
    AtomicInteger timeouts = new AtomicInteger();
    for (int i = 0; i < ROUNDS; i++) {
      Sinks.One<String> result = Sinks.one();
      AtomicInteger signals = new AtomicInteger();
      CountDownLatch ended = new CountDownLatch(1);
      new Call<>(result::asMono, TIMEOUT, Schedulers.immediate(), aside)
          .doFinally(end -> ended.countDown())
          .subscribe(
              value -> {
                signals.incrementAndGet();
                results.incrementAndGet();
              },
              error -> {
                signals.incrementAndGet();
                timeouts.incrementAndGet();
              });
      timer.advanceTimeBy(A_MOMENT);
      Mono.when(
              Mono.fromRunnable(() -> timer.advanceTimeBy(TIMEOUT)).subscribeOn(workers),
              Mono.fromRunnable(() -> result.tryEmitValue("a")).subscribeOn(workers))
          .block(LIMIT);
      assertThat(await(ended)).isTrue();
      assertThat(signals).hasValue(1);
    }
    assertThat(results.get()).isPositive();
    assertThat(timeouts.get()).isPositive();
  }

  private <T> Mono<T> call(Supplier<Mono<T>> code) {
    return new Call<>(code, TIMEOUT, workers, aside);
  }

  private static Scheduler ended() {
    Scheduler ended = Schedulers.fromExecutorService(Executors.newSingleThreadExecutor());
    ended.dispose();
    return ended;
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      return false;
    }
  }

  /** Its tasks run when the clock goes on. */
  private record Later(VirtualTimeScheduler clock) implements Scheduler {

    @Override
    public Disposable schedule(Runnable task) {
      return clock.schedule(task, 1, TimeUnit.MILLISECONDS);
    }

    @Override
    public Worker createWorker() {
      return clock.createWorker();
    }
  }
}
