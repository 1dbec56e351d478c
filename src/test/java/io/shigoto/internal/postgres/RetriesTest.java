package io.shigoto.internal.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.R2dbcTransientResourceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

/** How long others are waited for, who have what a transaction wants. */
class RetriesTest {

  private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
  private final List<Duration> waits = new ArrayList<>();

  @ParameterizedTest
  @CsvSource({"PT0.5S, PT0.1S", "PT2S, PT0.2S", "PT1M, PT0.4S"})
  void whoStartsOverAloneWaitsLongerIfThereIsTime(Duration patience, Duration inItsTurn) {
    retries(patience).of(wait -> goesThroughAt(3, wait)).subscribe();

    timer.advanceTimeBy(Duration.ofSeconds(2));

    assertThat(waits).containsExactly(Duration.ofMillis(100), inItsTurn, inItsTurn);
  }

  /** If each of them waited for long, its turn would come after eight seconds. */
  @Test
  void whoMeetsOthersShortlyHasNoLongWaitBehindManyWhoWaitForEver() {
    Retries retries = retries(Duration.ofMinutes(1));
    Flux.range(0, 20).flatMap(i -> retries.of(this::lockedOut)).subscribe();
    timer.advanceTimeBy(Duration.ofSeconds(1));

    retries.of(wait -> goesThroughAt(2, wait)).subscribe();

    timer.advanceTimeBy(Duration.ofSeconds(4));
    assertThat(waits).hasSize(2);
  }

  private Mono<Boolean> goesThroughAt(int tries, Duration wait) {
    return Mono.defer(
        () -> {
          waits.add(wait);
          return waits.size() == tries ? Mono.just(true) : lockedOut(wait);
        });
  }

  private Mono<Boolean> lockedOut(Duration wait) {
    return Mono.delay(wait, timer)
        .then(Mono.error(() -> new R2dbcTransientResourceException("locked", "55P03")));
  }

  private Retries retries(Duration patience) {
    return new Retries(patience, timer, () -> timer.now(TimeUnit.NANOSECONDS));
  }
}
