package io.shigoto.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;
import reactor.util.context.Context;

class DetachedTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration DEADLINE = Duration.ofSeconds(1);

  private final Sinks.One<String> work = Sinks.one();
  private final List<String> heard = new ArrayList<>();
  private final List<String> late = new ArrayList<>();
  private final AtomicBoolean cancelled = new AtomicBoolean();

  @Test
  void theCallerHearsWhatTheWorkDelivers() {
    assertThat(Detached.of(Mono.just("a")).block(LIMIT)).isEqualTo("a");
    assertThat(Detached.of(Mono.<String>empty()).block(LIMIT)).isNull();
    assertThatThrownBy(() -> Detached.of(Mono.error(new IllegalStateException("b"))).block(LIMIT))
        .hasMessage("b");
  }

  @Test
  void aCancelStopsTheCallerAndNotTheWork() {
    Disposable caller = detached().subscribe(heard::add);

    caller.dispose();
    work.tryEmitValue("a");

    assertThat(cancelled).isFalse();
    assertThat(heard).isEmpty();
    assertThat(late).containsExactly("a");
  }

  @Test
  void anErrorAfterTheCancelHarmsNobody() {
    Disposable caller = detached().subscribe(heard::add);

    caller.dispose();
    work.tryEmitError(new IllegalStateException("a"));

    assertThat(heard).isEmpty();
    assertThat(late).isEmpty();
  }

  @Test
  void aCallerWaitsNoLongerThanTheDeadlineAndTheWorkGoesOn() {
    VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    List<Throwable> errors = new ArrayList<>();
    within(timer).subscribe(heard::add, errors::add);

    timer.advanceTimeBy(DEADLINE.minusNanos(1));
    assertThat(errors).isEmpty();
    timer.advanceTimeBy(Duration.ofNanos(1));
    work.tryEmitValue("a");

    assertThat(errors).hasSize(1).first().isInstanceOf(TimeoutException.class);
    assertThat(cancelled).isFalse();
    assertThat(heard).isEmpty();
    assertThat(late).containsExactly("a");
  }

  @Test
  void theDeadlineOfWorkThatEndedIsForgotten() {
    VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    within(timer).subscribe(heard::add);

    work.tryEmitValue("a");
    timer.advanceTimeBy(DEADLINE);

    assertThat(heard).containsExactly("a");
    assertThat(timer.getScheduledTaskCount()).isEqualTo(1);
    assertThat(late).isEmpty();
  }

  @Test
  void workIsDoneAlthoughTheTimerIsGone() {
    Scheduler timer = Schedulers.newSingle("gone");
    timer.dispose();

    assertThatThrownBy(() -> within(timer).block(LIMIT)).hasCauseInstanceOf(TimeoutException.class);
    work.tryEmitValue("a");

    assertThat(late).containsExactly("a");
  }

  @Test
  void aResultWaitsUntilItIsAskedFor() {
    Taker taker = new Taker(0);
    detached().subscribe(taker);
    work.tryEmitValue("a");
    assertThat(taker.taken()).isZero();

    taker.request(1);

    assertThat(taker.taken()).isOne();
    assertThat(late).isEmpty();
  }

  @Test
  void aResultThatWasNeverAskedForIsLate() {
    Taker taker = new Taker(0);
    detached().subscribe(taker);
    work.tryEmitValue("a");

    taker.cancel();

    assertThat(taker.taken()).isZero();
    assertThat(late).containsExactly("a");
  }

  @Test
  void theWorkSeesTheCallersContext() {
    Mono<String> name = Mono.deferContextual(context -> Mono.just(context.get("name")));

    assertThat(Detached.of(name).contextWrite(Context.of("name", "Ada")).block(LIMIT))
        .isEqualTo("Ada");
  }

  @Test
  void nothingHappensBeforeSubscription() {
    AtomicInteger starts = new AtomicInteger();
    Mono<Integer> cold = Detached.of(Mono.fromCallable(starts::incrementAndGet));

    assertThat(starts).hasValue(0);
    assertThat(cold.block(LIMIT)).isEqualTo(1);
    assertThat(cold.block(LIMIT)).isEqualTo(2);
  }

  private Mono<String> detached() {
    return Detached.of(work.asMono().doOnCancel(() -> cancelled.set(true)), late::add);
  }

  private Mono<String> within(Scheduler timer) {
    return Detached.within(
        DEADLINE, timer, work.asMono().doOnCancel(() -> cancelled.set(true)), late::add);
  }
}
