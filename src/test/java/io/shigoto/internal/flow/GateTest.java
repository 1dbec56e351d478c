package io.shigoto.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

class GateTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final Gate gate = new Gate();

  @Test
  void anEmptyGateIsClosedAtOnce() {
    gate.close().block(LIMIT);

    assertThat(gate.isClosed()).isTrue();
    assertThat(gate.inside()).isZero();
  }

  @Test
  void theCloseWaitsForWhoeverIsInside() {
    Sinks.One<String> work = Sinks.one();
    CompletableFuture<String> inside = gate.pass(work.asMono()).toFuture();

    CompletableFuture<Void> close = gate.close().toFuture();
    assertThat(close).isNotDone();
    work.tryEmitValue("a");

    assertThat(close).isCompleted();
    assertThat(inside).isCompletedWithValue("a");
    gate.close().block(LIMIT);
  }

  @Test
  void whoComesAfterTheCloseIsRefusedAndKeepsNobodyWaiting() {
    Sinks.One<String> work = Sinks.one();
    CompletableFuture<String> inside = gate.pass(work.asMono()).toFuture();
    CompletableFuture<Void> close = gate.close().toFuture();

    assertThatThrownBy(() -> gate.pass(Mono.never()).block(LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the node was stopped; build another");
    assertThat(gate.enter()).isFalse();
    assertThat(gate.inside()).isOne();
    work.tryEmitEmpty();

    assertThat(inside).isCompletedWithValue(null);
    assertThat(close).isCompleted();
  }

  @Test
  void whatFailsOrIsCancelledIsOutside() {
    assertThatThrownBy(() -> gate.pass(Mono.error(new ArithmeticException())).block(LIMIT))
        .isInstanceOf(ArithmeticException.class);
    gate.pass(Mono.never()).subscribe().dispose();

    gate.close().block(LIMIT);
  }

  @Test
  void theCloseComesAfterTheLastOfManyWhoEnterMeanwhile() {
    for (int round = 0; round < 2_000; round++) {
      Gate busy = new Gate();
      AtomicInteger inside = new AtomicInteger();
      Mono<Integer> visit =
          Mono.defer(
              () -> {
                if (!busy.enter()) {
                  return Mono.empty();
                }
                inside.incrementAndGet();
                return Mono.fromRunnable(
                    () -> {
                      inside.decrementAndGet();
                      busy.leave(1);
                    });
              });

      Flux<Integer> visits =
          Flux.range(0, 20).flatMap(i -> visit.subscribeOn(Schedulers.parallel()), 20);
      Mono<Integer> close =
          busy.close().then(Mono.fromSupplier(inside::get)).subscribeOn(Schedulers.parallel());

      assertThat(Flux.merge(visits, close).collectList().block(LIMIT)).containsExactly(0);
    }
  }
}
