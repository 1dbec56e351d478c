package io.shigoto.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

class DutyCycleTest {

  private long now = Long.MAX_VALUE - 50;
  private final DutyCycle cycle = new DutyCycle(() -> now, 9);

  @Test
  void itMayBeginAtOnceAndNotWhileItIsUnderWay() {
    assertThat(cycle.begin()).isTrue();
    now += 1_000_000;
    assertThat(cycle.begin()).isFalse();
  }

  @Test
  void itWaitsSoManyTimesAsLongAsItTook() {
    assertThat(cycle.begin()).isTrue();
    now += 100;
    cycle.end();

    now += 899;
    assertThat(cycle.begin()).isFalse();
    now += 1;
    assertThat(cycle.begin()).isTrue();
  }

  @Test
  void whatItDoesEndsHoweverItEnds() {
    for (Supplier<Mono<String>> work :
        List.<Supplier<Mono<String>>>of(
            () -> Mono.just("done"),
            () -> Mono.error(new IllegalStateException("failed")),
            () -> {
              throw new IllegalStateException("never began");
            })) {
      assertThat(tell(work)).isNotEqualTo("instead");
      assertThat(tell(work)).isEqualTo("instead");
      now += 1_000_000;
      assertThat(tell(() -> Mono.just("again"))).isEqualTo("again");
      now += 1_000_000;
    }
  }

  private String tell(Supplier<Mono<String>> work) {
    return cycle
        .doOrElse(
            () -> {
              now += 100;
              return work.get();
            },
            () -> Mono.just("instead"))
        .onErrorResume(error -> Mono.just("error"))
        .block();
  }

  @Test
  void ofManyThatTryAtOnceOneMayBegin() {
    for (int round = 0; round < 1_000; round++) {
      DutyCycle fresh = new DutyCycle(() -> now, 9);
      AtomicInteger begun = new AtomicInteger();
      IntStream.range(0, 8)
          .parallel()
          .filter(i -> fresh.begin())
          .forEach(i -> begun.incrementAndGet());
      assertThat(begun).hasValue(1);
    }
  }
}
