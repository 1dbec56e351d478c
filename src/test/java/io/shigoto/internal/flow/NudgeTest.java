package io.shigoto.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.support.Await;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

class NudgeTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final Nudge nudge = new Nudge();
  private final AtomicInteger looks = new AtomicInteger();

  @Test
  void theSubscriptionItselfIsAReasonToLook() {
    nudge.looks().subscribe(look -> looks.incrementAndGet());

    assertThat(looks).hasValue(1);
  }

  @Test
  void eachNudgeOfAnIdleLookerIsOneLook() {
    nudge.looks().subscribe(look -> looks.incrementAndGet());

    nudge.give();
    nudge.give();

    assertThat(looks).hasValue(3);
  }

  @Test
  void nudgesDuringALookBecomeOneMore() {
    Sinks.Empty<Void> firstLook = Sinks.empty();
    nudge
        .looks()
        .concatMap(look -> looks.incrementAndGet() == 1 ? firstLook.asMono() : Mono.empty(), 0)
        .subscribe();
    for (int i = 0; i < 100; i++) {
      nudge.give();
    }

    firstLook.tryEmitEmpty();

    assertThat(looks).hasValue(2);
  }

  @Test
  void aNudgeGivenInsideTheVeryFirstLookIsNotLost() {
    nudge
        .looks()
        .concatMap(
            look -> {
              if (looks.incrementAndGet() == 1) {
                nudge.give();
              }
              return Mono.empty();
            },
            0)
        .subscribe();

    assertThat(looks).hasValue(2);
  }

  @Test
  void whatWasDoneBeforeANudgeIsSeenByALook() {
    AtomicInteger done = new AtomicInteger();
    AtomicInteger seen = new AtomicInteger();
    Disposable looking =
        nudge
            .looks()
            .concatMap(
                look ->
                    Mono.fromRunnable(() -> seen.set(done.get()))
                        .subscribeOn(Schedulers.parallel()),
                0)
            .subscribe();

    for (int round = 1; round <= 2_000; round++) {
      Flux.range(0, 4)
          .flatMap(
              i ->
                  Mono.fromRunnable(
                          () -> {
                            done.incrementAndGet();
                            nudge.give();
                          })
                      .subscribeOn(Schedulers.parallel()))
          .blockLast(LIMIT);
      int all = round * 4;
      Await.until("all " + all + " are seen", LIMIT, () -> seen.get() == all);
    }
    looking.dispose();
  }

  @Test
  void aNudgeThatNobodyWaitsForIsForgotten() {
    nudge.give();

    nudge.looks().subscribe(look -> looks.incrementAndGet());

    assertThat(looks).hasValue(1);
  }
}
