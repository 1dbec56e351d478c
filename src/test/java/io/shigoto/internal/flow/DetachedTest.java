package io.shigoto.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

class DetachedTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

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
  void noResultGoesToBothSides() {
    for (int i = 0; i < 5_000; i++) {
      Sinks.One<String> result = Sinks.one();
      AtomicInteger deliveries = new AtomicInteger();
      Disposable caller =
          Detached.of(result.asMono(), value -> deliveries.incrementAndGet())
              .subscribe(value -> deliveries.incrementAndGet());
      Flux.merge(
              Mono.fromRunnable(caller::dispose).subscribeOn(Schedulers.parallel()),
              Mono.fromRunnable(() -> result.tryEmitValue("a")).subscribeOn(Schedulers.parallel()))
          .blockLast(LIMIT);
      assertThat(deliveries.get()).isLessThanOrEqualTo(1);
    }
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
}
