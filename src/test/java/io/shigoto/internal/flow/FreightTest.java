package io.shigoto.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

class FreightTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final Freight freight = new Freight(100);
  private final List<Integer> admitted = new ArrayList<>();

  @Test
  void whatFindsNoRoomWaitsUntilEnoughHasLanded() {
    admit(60);
    admit(40);
    admit(70);
    assertThat(admitted).containsExactly(60, 40);

    freight.landed(60);
    assertThat(admitted).containsExactly(60, 40);
    freight.landed(40);
    assertThat(admitted).containsExactly(60, 40, 70);
  }

  @Test
  void oneThatIsTooHeavyForAllGoesAlone() {
    admit(10);
    admit(500);
    assertThat(admitted).containsExactly(10);

    freight.landed(10);
    assertThat(admitted).containsExactly(10, 500);
  }

  @Test
  void nobodyWaitsForEverAndNeverIsMoreUnderWay() {
    AtomicInteger underWay = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();

    Long count =
        Flux.range(0, 20_000)
            .map(i -> ThreadLocalRandom.current().nextInt(1, 60))
            .concatMap(weight -> freight.admit(weight, weight), 0)
            .flatMap(
                weight ->
                    Mono.fromRunnable(
                            () -> most.accumulateAndGet(underWay.addAndGet(weight), Math::max))
                        .thenReturn(weight)
                        .publishOn(Schedulers.parallel())
                        .doOnNext(
                            done -> {
                              underWay.addAndGet(-weight);
                              freight.landed(weight);
                            }),
                1_000)
            .count()
            .block(LIMIT);

    assertThat(count).isEqualTo(20_000);
    assertThat(most.get()).isLessThanOrEqualTo(100);
  }

  private void admit(int weight) {
    freight.admit(weight, weight).subscribe(admitted::add);
  }
}
