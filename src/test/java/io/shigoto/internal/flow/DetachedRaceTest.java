package io.shigoto.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

/**
 * Two threads walk through the same rounds side by side: what one of them ends, the other delivers.
 * However close they come, the subscriber or {@code late} gets the result, and never both.
 */
class DetachedRaceTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration DEADLINE = Duration.ofSeconds(1);
  private static final int ROUNDS = 50_000;

  @Test
  void aResultThatMeetsACancelHasExactlyOneTaker() {
    List<Round> rounds = rounds((timer, work, late) -> Detached.of(work, late));
    rounds.forEach(round -> round.taker.request(1));

    sideBySide(rounds, round -> round.taker.cancel());

    assertThat(rounds).extracting(Round::takers).containsOnly(1);
    assertThat(rounds).extracting(round -> round.taker.taken()).contains(0, 1);
  }

  @Test
  void aResultThatMeetsItsFirstDemandAndACancelHasExactlyOneTaker() {
    List<Round> rounds = rounds((timer, work, late) -> Detached.of(work, late));

    sideBySide(
        rounds,
        round -> {
          round.taker.request(1);
          round.taker.cancel();
        });

    assertThat(rounds).extracting(Round::takers).containsOnly(1);
    assertThat(rounds).extracting(round -> round.taker.taken()).contains(0, 1);
  }

  @Test
  void aResultThatMeetsTheDeadlineHasExactlyOneTakerAndTheCallerOneEnd() {
    List<Round> rounds =
        rounds((timer, work, late) -> Detached.within(DEADLINE, timer, work, late));
    rounds.forEach(round -> round.taker.request(1));

    sideBySide(rounds, round -> round.timer.advanceTimeBy(DEADLINE));

    assertThat(rounds).extracting(Round::takers).containsOnly(1);
    assertThat(rounds).extracting(round -> round.taker.ends()).containsOnly(1);
    assertThat(rounds).extracting(round -> round.taker.taken()).contains(0, 1);
  }

  private static List<Round> rounds(Case detached) {
    return IntStream.range(0, ROUNDS).mapToObj(i -> new Round(detached)).toList();
  }

  private static void sideBySide(List<Round> rounds, Consumer<Round> end) {
    AtomicInteger one = new AtomicInteger();
    AtomicInteger other = new AtomicInteger();
    Mono.when(
            walk(rounds, end, one, other),
            walk(rounds, round -> round.result.tryEmitValue("a"), other, one))
        .block(LIMIT);
  }

  private static Mono<Void> walk(
      List<Round> rounds, Consumer<Round> step, AtomicInteger mine, AtomicInteger others) {
    return Mono.<Void>fromRunnable(
            () ->
                rounds.forEach(
                    round -> {
                      int now = mine.incrementAndGet();
                      while (others.get() < now) {
                        Thread.yield();
                      }
                      step.accept(round);
                    }))
        .subscribeOn(Schedulers.boundedElastic());
  }

  private interface Case {
    Mono<String> of(Scheduler timer, Mono<String> work, Consumer<String> late);
  }

  private static final class Round {

    private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
    private final Sinks.One<String> result = Sinks.one();
    private final AtomicInteger late = new AtomicInteger();
    private final Taker taker = new Taker(0);

    Round(Case detached) {
      detached.of(timer, result.asMono(), value -> late.incrementAndGet()).subscribe(taker);
    }

    int takers() {
      return taker.taken() + late.get();
    }
  }
}
