package io.shigoto.internal.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.job.Jobs;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.run.Load;
import io.shigoto.internal.run.Run;
import io.shigoto.internal.run.Runs;
import io.shigoto.internal.seats.Seats;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

class AheadTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final Runs held = new Runs(Schedulers.immediate());
  private final AtomicInteger rooms = new AtomicInteger();
  private final Ahead ahead =
      new Ahead(() -> Ahead.MOST_SLOTS, Seats.ANY, () -> true, rooms::incrementAndGet);
  private final Slots slots = new Slots();

  @Test
  void runsWaitUntilSlotsAskForThem() {
    ahead.runs().subscribe(slots);
    ahead.add(runs(1, 5));
    assertThat(slots.got).isEmpty();
    assertThat(ahead.size()).isEqualTo(5);

    slots.request(2);

    assertThat(slots.got).containsExactly(1L, 2L);
    assertThat(ahead.size()).isEqualTo(3);
    assertThat(ahead.free()).isZero();
  }

  @Test
  void whatSlotsDoNotGetIsRoom() {
    ahead.runs().subscribe(slots);
    slots.request(10);
    assertThat(ahead.free()).isEqualTo(10);
    assertThat(rooms).hasValue(1);

    ahead.add(runs(1, 4));

    assertThat(slots.got).containsExactly(1L, 2L, 3L, 4L);
    assertThat(ahead.free()).isEqualTo(6);
    assertThat(ahead.size()).isZero();
  }

  @Test
  void closingGivesBackWhatWasNotStartedAndEndsTheStream() {
    ahead.runs().subscribe(slots);
    slots.request(1);
    ahead.add(runs(1, 3));

    List<Run> unstarted = ahead.close();

    assertThat(unstarted).extracting(run -> run.key().id()).containsExactly(2L, 3L);
    assertThat(slots.ended).isTrue();
    assertThat(ahead.size()).isZero();
  }

  @Test
  void closingBeforeSlotsCameEndsTheirStream() {
    assertThat(ahead.close()).isEmpty();

    ahead.runs().subscribe(slots);
    slots.request(1);

    assertThat(slots.ended).isTrue();
  }

  /** And with them what came later: it would wait longer. */
  @Test
  void runsAreOverdueThatWaitWhileItIsAskedSoManyTimes() {
    ahead.runs().subscribe(slots);
    ahead.add(runs(1, 10));
    assertThat(ahead.looksOverdue(2)).isFalse();
    ahead.add(runs(11, 20));
    assertThat(ahead.looksOverdue(2)).isFalse();
    slots.request(2);

    assertThat(ahead.looksOverdue(2)).isTrue();
    assertThat(ahead.isOverdue()).isTrue();
    assertThat(ahead.takeBack()).hasSize(18);
    assertThat(ahead.isOverdue()).isFalse();
  }

  @Test
  void runsThatWillSoonHaveASlotAreNotOverdue() {
    ahead.runs().subscribe(slots);
    ahead.add(runs(1, 100));
    for (int i = 0; i < 3; i++) {
      assertThat(ahead.looksOverdue(2)).isFalse();
      slots.request(25);
    }
    assertThat(ahead.looksOverdue(2)).isFalse();
    assertThat(ahead.looksOverdue(2)).isFalse();

    assertThat(ahead.looksOverdue(2)).isTrue();
  }

  @Test
  void runsThatComeAndGoAreNeverOverdue() {
    ahead.runs().subscribe(slots);
    for (int i = 0; i < 100; i++) {
      ahead.add(runs(10L * i, 10L * i + 9));
      assertThat(ahead.looksOverdue(2)).isFalse();
      slots.request(i < 2 ? 5 : 10);
    }
  }

  @Test
  void everyRunIsStartedOnceOrGivenBackWhoeverMovesThem() {
    int rounds = 300;
    int perRound = 20;
    for (int round = 0; round < rounds; round++) {
      Ahead some = new Ahead(() -> Ahead.MOST_SLOTS, Seats.ANY, () -> true, () -> {});
      AtomicInteger running = new AtomicInteger();
      AtomicInteger mostRunning = new AtomicInteger();
      Mono<List<Long>> started =
          some.runs()
              .flatMap(
                  run ->
                      Mono.just(run.key().id())
                          .doOnNext(
                              id ->
                                  mostRunning.accumulateAndGet(
                                      running.incrementAndGet(), Math::max))
                          .publishOn(Schedulers.parallel())
                          .doOnNext(id -> running.decrementAndGet()),
                  3)
              .collectList();
      Mono<List<Long>> givenBack =
          Flux.range(0, perRound)
              .publishOn(Schedulers.parallel())
              .doOnNext(i -> some.add(runs(i * 5L, i * 5L + 4)))
              .then(Mono.fromCallable(some::close))
              .map(runs -> runs.stream().map(run -> run.key().id()).toList());

      List<Long> all = new ArrayList<>();
      Mono.zip(started, givenBack)
          .doOnNext(both -> all.addAll(both.getT1()))
          .doOnNext(both -> all.addAll(both.getT2()))
          .block(LIMIT);

      assertThat(all).hasSize(perRound * 5).doesNotHaveDuplicates();
      assertThat(mostRunning.get()).isBetween(1, 3);
    }
  }

  private List<Run> runs(long first, long last) {
    return LongStream.rangeClosed(first, last)
        .mapToObj(id -> held.hold(Jobs.claimed(id), Permit.FREE, new Load(1, () -> {})))
        .toList();
  }

  private static final class Slots extends BaseSubscriber<Run> {

    private final List<Long> got = new ArrayList<>();
    private boolean ended;

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
      // Asks for nothing yet.
    }

    @Override
    protected void hookOnNext(Run run) {
      got.add(run.key().id());
    }

    @Override
    protected void hookOnComplete() {
      ended = true;
    }
  }
}
