package io.shigoto.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

class SlotsTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  @Test
  void everyElementIsWorkedOnOnceAndNoMoreAtATimeThanThereAreSlots() {
    Scheduler scheduler = Schedulers.newParallel("slots-test", 4);
    AtomicInteger busy = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Set<Integer> seen = ConcurrentHashMap.newKeySet();
    Mono<Integer> sum =
        Slots.merge(
                Flux.range(0, 20_000),
                7,
                i ->
                    Mono.fromCallable(
                            () -> {
                              most.accumulateAndGet(busy.incrementAndGet(), Math::max);
                              assertThat(seen.add(i)).isTrue();
                              busy.decrementAndGet();
                              return 1;
                            })
                        .subscribeOn(scheduler))
            .reduce(0, Integer::sum);

    assertThat(sum.block(LIMIT)).isEqualTo(20_000);
    assertThat(most.get()).isBetween(1, 7);
    scheduler.dispose();
  }

  @Test
  void theDemandUpstreamIsTheNumberOfFreeSlots() {
    AtomicLong asked = new AtomicLong();
    List<Sinks.One<String>> under = new ArrayList<>();
    TestPublisher<Integer> source = TestPublisher.create();
    StepVerifier.create(
            Slots.merge(
                source.flux().doOnRequest(asked::addAndGet),
                3,
                i -> {
                  Sinks.One<String> sink = Sinks.one();
                  under.add(sink);
                  return sink.asMono();
                }))
        .then(() -> assertThat(asked).hasValue(3))
        .then(() -> source.next(1, 2))
        .then(() -> assertThat(asked).hasValue(3))
        .then(() -> under.get(1).tryEmitValue("b"))
        .expectNext("b")
        .then(() -> assertThat(asked).hasValue(4))
        .then(() -> under.get(0).tryEmitEmpty())
        .then(() -> assertThat(asked).hasValue(5))
        .then(source::complete)
        .expectComplete()
        .verify(LIMIT);
  }

  @Test
  void aSlotIsFreeOnlyWhenItsResultWasTaken() {
    AtomicLong asked = new AtomicLong();
    StepVerifier.create(
            Slots.merge(Flux.range(0, 10).doOnRequest(asked::addAndGet), 2, Mono::just), 0)
        .then(() -> assertThat(asked).hasValue(2))
        .thenRequest(1)
        .expectNext(0)
        .then(() -> assertThat(asked).hasValue(3))
        .thenRequest(Long.MAX_VALUE)
        .expectNextCount(9)
        .expectComplete()
        .verify(LIMIT);
  }

  @Test
  void itEndsAfterTheSourceAndTheLastOfItsWork() {
    Sinks.One<Integer> last = Sinks.one();
    StepVerifier.create(Slots.merge(Flux.just(1), 5, i -> last.asMono()))
        .expectSubscription()
        .then(() -> last.tryEmitValue(9))
        .expectNext(9)
        .expectComplete()
        .verify(LIMIT);
    StepVerifier.create(Slots.merge(Flux.empty(), 5, i -> Mono.just(1)))
        .expectComplete()
        .verify(LIMIT);
  }

  @Test
  void anErrorEndsItAndCancelsTheOthers() {
    AtomicBoolean cancelled = new AtomicBoolean();
    Flux<Integer> source = Flux.just(1, 2).concatWith(Flux.never());
    StepVerifier.create(
            Slots.merge(
                source,
                5,
                i ->
                    i == 1
                        ? Mono.<Integer>never().doOnCancel(() -> cancelled.set(true))
                        : Mono.error(new IllegalStateException("two"))))
        .expectErrorMessage("two")
        .verify(LIMIT);
    assertThat(cancelled).isTrue();
  }

  @Test
  void aCancelReachesTheSourceAndTheWork() {
    AtomicInteger cancelled = new AtomicInteger();
    Flux<Integer> source =
        Flux.just(1, 2).concatWith(Flux.never()).doOnCancel(cancelled::incrementAndGet);
    Slots.merge(source, 5, i -> Mono.<Integer>never().doOnCancel(cancelled::incrementAndGet))
        .subscribe()
        .dispose();
    assertThat(cancelled).hasValue(3);
  }
}
