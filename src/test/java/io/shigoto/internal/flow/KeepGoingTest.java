package io.shigoto.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.shigoto.support.LogCapture;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.scheduler.VirtualTimeScheduler;

class KeepGoingTest {

  private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
  private final List<String> told = new ArrayList<>();
  private final KeepGoing keepGoing =
      new KeepGoing("test", timer, () -> told.add("trouble"), () -> told.add("recovery"));
  private final AtomicInteger attempts = new AtomicInteger();
  private final List<String> heard = new ArrayList<>();

  @Test
  void workIsTriedUntilItSucceeds() {
    keepGoing.until(failing(20)).subscribe(heard::add);
    assertThat(attempts).hasValue(1);
    assertThat(keepGoing.inTrouble()).isTrue();

    timer.advanceTimeBy(Duration.ofMinutes(2));

    assertThat(attempts).hasValue(21);
    assertThat(heard).containsExactly("done");
    assertThat(keepGoing.inTrouble()).isFalse();
  }

  @Test
  void pausesGrowAndStayBelowTheCap() {
    List<Long> at = new ArrayList<>();
    keepGoing
        .until(failing(30).doOnSubscribe(s -> at.add(timer.now(TimeUnit.MILLISECONDS))))
        .subscribe(heard::add);

    timer.advanceTimeBy(Duration.ofMinutes(5));

    List<Long> pauses = new ArrayList<>();
    for (int i = 1; i < at.size(); i++) {
      pauses.add(at.get(i) - at.get(i - 1));
    }
    assertThat(pauses).hasSize(30).allMatch(pause -> pause >= 25 && pause <= 3_000);
    assertThat(pauses.get(0)).isLessThanOrEqualTo(75);
    assertThat(pauses.subList(10, 30)).allMatch(pause -> pause >= 1_000);
  }

  @Test
  void troubleIsToldOnceWhenItBeginsAndOnceWhenItIsOver() {
    try (LogCapture log = LogCapture.start()) {
      keepGoing.until(failing(5)).subscribe();
      timer.advanceTimeBy(Duration.ofMinutes(1));
      keepGoing.until(failing(0)).subscribe();

      assertThat(told).containsExactly("trouble", "recovery");
      assertThat(log.lines(Level.WARN))
          .containsExactly("trouble what=test error=IllegalStateException message=away");
      assertThat(log.lines(Level.INFO)).containsExactly("recovered what=test");
    }
  }

  @Test
  void workWithoutAResultRecoversToo() {
    keepGoing.until(failing(1).then()).subscribe();

    timer.advanceTimeBy(Duration.ofSeconds(1));

    assertThat(told).containsExactly("trouble", "recovery");
  }

  @Test
  void workThatIsNotWantedAnyMoreAfterAPauseIsNotTriedAgain() {
    AtomicBoolean wanted = new AtomicBoolean(true);
    AtomicInteger ends = new AtomicInteger();
    keepGoing
        .until(failing(1_000), wanted::get)
        .doOnTerminate(ends::incrementAndGet)
        .subscribe(heard::add);
    timer.advanceTimeBy(Duration.ofSeconds(10));
    int tried = attempts.get();
    assertThat(ends).hasValue(0);

    wanted.set(false);
    timer.advanceTimeBy(Duration.ofSeconds(10));

    assertThat(tried).isGreaterThan(3);
    assertThat(ends).hasValue(1);
    assertThat(heard).isEmpty();
    assertThat(attempts).hasValue(tried);
    assertThat(keepGoing.inTrouble()).isTrue();
  }

  @Test
  void workThatIsNotWantedAnyMoreWhenItFailsIsEmptyAtOnce() {
    AtomicInteger ends = new AtomicInteger();

    keepGoing.until(failing(1), () -> false).doOnTerminate(ends::incrementAndGet).subscribe();

    assertThat(ends).hasValue(1);
  }

  @Test
  void anAttemptUnderWayIsNotCutShort() {
    Sinks.One<String> attempt = Sinks.one();
    keepGoing.until(attempt.asMono(), () -> false).subscribe(heard::add);

    attempt.tryEmitValue("done");

    assertThat(heard).containsExactly("done");
  }

  @Test
  void aStreamBeginsAgainAfterEveryErrorAndItsPauseStartsAnew() {
    Flux<String> work =
        Flux.defer(
            () -> {
              attempts.incrementAndGet();
              return Flux.concat(
                  Flux.just("element"), Flux.error(new IllegalStateException("away")));
            });
    keepGoing.always(work).take(100).subscribe(heard::add);

    timer.advanceTimeBy(Duration.ofMillis(75 * 100));

    assertThat(heard).hasSize(100);
    assertThat(attempts).hasValue(100);
  }

  private Mono<String> failing(int times) {
    return Mono.fromCallable(
        () -> {
          if (attempts.getAndIncrement() < times) {
            throw new IllegalStateException("away");
          }
          return "done";
        });
  }
}
