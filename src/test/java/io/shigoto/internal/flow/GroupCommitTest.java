package io.shigoto.internal.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Signal;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class GroupCommitTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int HEAVY = 1_000;

  private final Queue<List<Integer>> written = new ConcurrentLinkedQueue<>();
  private final Sinks.Empty<Void> gate = Sinks.empty();

  @Test
  void everySubmitterHearsOfItsOwnItem() {
    int rounds = 5_000;
    int submitters = 8;
    GroupCommit<Integer, Integer> group =
        new GroupCommit<>(
            items -> square(items).publishOn(Schedulers.parallel()),
            error -> false,
            item -> 1,
            3,
            2);

    Long answered =
        Flux.range(0, rounds)
            .concatMap(
                round ->
                    Flux.range(round * submitters, submitters)
                        .flatMap(
                            i ->
                                group
                                    .submit(i)
                                    .subscribeOn(Schedulers.parallel())
                                    .filter(result -> result == i * i)))
            .count()
            .block(LIMIT);

    assertThat(answered).isEqualTo((long) rounds * submitters);
    assertThat(items()).hasSize(rounds * submitters).doesNotHaveDuplicates();
    assertThat(group.waiting()).isZero();
  }

  @Test
  void groupsAndWritersStayWithinTheirBounds() {
    AtomicInteger writing = new AtomicInteger();
    AtomicInteger mostWriting = new AtomicInteger();
    GroupCommit<Integer, Integer> group =
        new GroupCommit<>(
            items ->
                square(items)
                    .doOnNext(
                        done -> mostWriting.accumulateAndGet(writing.incrementAndGet(), Math::max))
                    .publishOn(Schedulers.parallel())
                    .doOnNext(done -> writing.decrementAndGet()),
            error -> false,
            item -> 1,
            10,
            3);

    Flux.range(0, 20_000)
        .flatMap(i -> group.submit(i).subscribeOn(Schedulers.parallel()), 500)
        .blockLast(LIMIT);

    assertThat(written).allSatisfy(items -> assertThat(items).hasSizeBetween(1, 10));
    assertThat(mostWriting.get()).isBetween(1, 3);
    assertThat(items()).hasSize(20_000);
  }

  @Test
  void whatGathersDuringAWriteIsTheNextGroup() {
    GroupCommit<Integer, Integer> group = gated(items -> false, 100);

    Flux<Integer> results = Flux.range(0, 50).flatMap(group::submit, 50);
    Disposable caller = results.subscribe();
    assertThat(group.waiting()).isEqualTo(49);
    assertThat(group.uncommitted()).isEqualTo(50);
    gate.tryEmitEmpty();

    assertThat(group.uncommitted()).isZero();
    assertThat(written).containsExactly(List.of(0), IntStream.range(1, 50).boxed().toList());
    assertThat(caller.isDisposed()).isTrue();
  }

  @Test
  void aGroupIsFullWhenItIsHeavy() {
    GroupCommit<Integer, Integer> group = gated(items -> false, 100);

    Flux.just(0, 1, HEAVY, 2, HEAVY, HEAVY, 3).flatMap(group::submit, 10).subscribe();
    gate.tryEmitEmpty();

    assertThat(written)
        .containsExactly(
            List.of(0), List.of(1, HEAVY), List.of(2, HEAVY), List.of(HEAVY), List.of(3));
  }

  @Test
  void theItemToBlameFailsOnlyItsOwnCaller() {
    GroupCommit<Integer, Integer> group =
        gated(items -> items.contains(13) || items.contains(77), 100);

    List<Signal<Integer>> signals = signalsOf(group, 100);

    assertThat(signals.get(13).getThrowable()).hasMessage("refused");
    assertThat(signals.get(77).getThrowable()).hasMessage("refused");
    assertThat(signals).filteredOn(Signal::hasError).hasSize(2);
    assertThat(signals).filteredOn(Signal::hasValue).hasSize(98);
    assertThat(items()).hasSize(98).doesNotHaveDuplicates();
    assertThat(signals.get(99).get()).isEqualTo(99 * 99);
  }

  @Test
  void anErrorOfTheMachineGoesToTheWholeGroupAndTheNextGroupGoesOn() {
    AtomicInteger attempts = new AtomicInteger();
    GroupCommit<Integer, Integer> group =
        new GroupCommit<>(
            items ->
                attempts.incrementAndGet() == 2
                    ? Mono.error(new IllegalStateException("away"))
                    : gate.asMono().then(square(items)),
            error -> error.getMessage().equals("refused"),
            item -> 1,
            5,
            1);

    List<Signal<Integer>> signals = signalsOf(group, 11);

    assertThat(attempts).hasValue(3);
    assertThat(signals.subList(1, 6)).allMatch(Signal::hasError);
    assertThat(signals).filteredOn(Signal::hasValue).hasSize(6);
  }

  @Test
  void aThrowOfTheCommitIsAnErrorOfTheGroup() {
    GroupCommit<Integer, Integer> group =
        new GroupCommit<>(
            items -> {
              throw new IllegalStateException("broke");
            },
            error -> false,
            item -> 1,
            5,
            1);

    assertThat(signalsOf(group, 1)).allMatch(Signal::hasError);
    assertThat(signalsOf(group, 1)).allMatch(Signal::hasError);
  }

  @Test
  void aCallerThatLeftTakesNothingBack() {
    GroupCommit<Integer, Integer> group = gated(items -> false, 100);
    List<Integer> heard = new ArrayList<>();
    group.submit(0).subscribe(heard::add);
    Disposable leaver = group.submit(1).subscribe(heard::add);
    group.submit(2).subscribe(heard::add);

    leaver.dispose();
    gate.tryEmitEmpty();

    assertThat(items()).containsExactly(0, 1, 2);
    assertThat(heard).containsExactly(0, 4);
  }

  @Test
  void nothingIsHandedInBeforeSubscription() {
    GroupCommit<Integer, Integer> group = gated(items -> false, 100);

    Mono<Integer> cold = group.submit(7);

    assertThat(group.waiting()).isZero();
    gate.tryEmitEmpty();
    assertThat(written).isEmpty();
    assertThat(cold.block(LIMIT)).isEqualTo(49);
    assertThat(cold.block(LIMIT)).isEqualTo(49);
    assertThat(items()).containsExactly(7, 7);
  }

  @Test
  void aGroupThatIsTakenElsewhereHasAllThatCameMeanwhile() {
    List<Runnable> elsewhere = new ArrayList<>();
    GroupCommit<Integer, Integer> group =
        gated(items -> false, 100).takenOn(Schedulers.fromExecutor(elsewhere::add));
    List<Integer> results = new ArrayList<>();
    gate.tryEmitEmpty();

    for (int i = 0; i < 50; i++) {
      group.submit(i).subscribe(results::add);
    }
    assertThat(written).isEmpty();
    elsewhere.forEach(Runnable::run);

    assertThat(written).hasSize(1);
    assertThat(results).hasSize(50);
  }

  @Test
  void aGroupIsTakenHereWhenThereIsNoElsewhereAnyMore() {
    Scheduler elsewhere = Schedulers.newSingle("elsewhere", true);
    GroupCommit<Integer, Integer> group = gated(items -> false, 100).takenOn(elsewhere);
    elsewhere.dispose();
    gate.tryEmitEmpty();

    assertThat(group.submit(7).block(LIMIT)).isEqualTo(49);
  }

  @Test
  void aLineTakesTogetherWhatOneThreadHandsInAndKeepsItsOrder() {
    GroupCommit<Integer, Integer> line =
        gated(items -> false, 100).inOrder(Schedulers.newSingle("line", true));

    List<Integer> results =
        Flux.range(0, 1_000)
            .flatMapSequential(line::submit, 1_000)
            .collectList()
            .doOnSubscribe(s -> gate.tryEmitEmpty())
            .block(LIMIT);

    assertThat(results).hasSize(1_000);
    assertThat(items()).isEqualTo(IntStream.range(0, 1_000).boxed().toList());
    assertThat(written.size()).isLessThan(100);
  }

  @Test
  void aLineIsClosedTogetherWithWhatItIsOf() {
    GroupCommit<Integer, Integer> group = gated(items -> false, 100);
    GroupCommit<Integer, Integer> line = group.inOrder(Schedulers.immediate());
    List<Signal<Integer>> signals = new ArrayList<>();
    line.submit(1).materialize().subscribe(signals::add);

    Mono<Void> closed = group.close().cache();
    closed.subscribe();
    line.submit(2).materialize().subscribe(signals::add);

    assertThat(signals).hasSize(1).allMatch(Signal::hasError);
    gate.tryEmitEmpty();
    closed.block(LIMIT);
    assertThat(items()).containsExactly(1);
    assertThat(signals).hasSize(2);
  }

  /** While the last group is on its way to its submitters, the next is written. */
  @Test
  void theNextGroupDoesNotWaitForTheAnswersToTheLast() {
    Sinks.Empty<Void> way = Sinks.empty();
    GroupCommit<Integer, Integer> group =
        gated(items -> false, 1)
            .telling((items, results) -> results.delayUntil(squares -> way.asMono()));
    List<Integer> heard = new ArrayList<>();
    Flux.range(0, 3).flatMap(group::submit).subscribe(heard::add);

    gate.tryEmitEmpty();
    assertThat(items()).containsExactly(0, 1, 2);
    assertThat(heard).isEmpty();
    way.tryEmitEmpty();
    assertThat(heard).containsExactly(0, 1, 4);
  }

  @Test
  void anotherGroupIsBegunBesidesOnlyForACrowd() {
    List<Integer> begun = new ArrayList<>();
    Sinks.Empty<Void> written = Sinks.empty();
    GroupCommit<Integer, Integer> group =
        new GroupCommit<Integer, Integer>(
                items -> {
                  begun.add(items.size());
                  return written.asMono().thenReturn(items);
                },
                error -> false,
                item -> 1,
                100,
                2)
            .besidesForCrowds(10);
    List<Integer> heard = new ArrayList<>();

    Flux.range(0, 10).flatMap(group::submit).subscribe(heard::add);
    assertThat(begun).containsExactly(1);
    assertThat(group.waiting()).isEqualTo(9);
    Flux.range(10, 30).flatMap(group::submit).subscribe(heard::add);
    assertThat(begun).containsExactly(1, 10);
    assertThat(group.waiting()).isEqualTo(29);
    written.tryEmitEmpty();
    assertThat(begun).containsExactly(1, 10, 29);
    assertThat(heard).hasSize(40);
  }

  /** Many rounds of racing submitters: whoever waits is taken, however few are left. */
  @Test
  void noItemIsLeftBehindForWantOfACrowd() {
    GroupCommit<Integer, Integer> group =
        new GroupCommit<Integer, Integer>(
                items -> square(items).publishOn(Schedulers.parallel()),
                error -> false,
                item -> 1,
                10,
                3)
            .besidesForCrowds(5);

    for (int round = 0; round < 2_000; round++) {
      Flux.range(0, 20)
          .flatMap(i -> group.submit(i).subscribeOn(Schedulers.parallel()), 20)
          .blockLast(LIMIT);
    }

    group.close().block(LIMIT);
    assertThat(items()).hasSize(40_000);
    assertThat(group.uncommitted()).isZero();
  }

  /** Writes wait for the gate; then a group is refused or written. */
  private GroupCommit<Integer, Integer> gated(Function<List<Integer>, Boolean> refuses, int size) {
    return new GroupCommit<>(
        items ->
            gate.asMono()
                .then(
                    Mono.defer(
                        () ->
                            refuses.apply(items)
                                ? Mono.error(new IllegalArgumentException("refused"))
                                : square(items))),
        error -> error.getMessage().equals("refused"),
        item -> item == HEAVY ? GroupCommit.HEAVIEST : 1,
        size,
        1);
  }

  private List<Signal<Integer>> signalsOf(GroupCommit<Integer, Integer> group, int count) {
    Flux<Signal<Integer>> signals =
        Flux.range(0, count).flatMapSequential(i -> group.submit(i).materialize(), count);
    Mono<List<Signal<Integer>>> all = signals.collectList().cache();
    all.subscribe();
    gate.tryEmitEmpty();
    return all.block(LIMIT);
  }

  private Mono<List<Integer>> square(List<Integer> items) {
    return Mono.fromCallable(
        () -> {
          written.add(List.copyOf(items));
          return items.stream().map(i -> i * i).toList();
        });
  }

  private List<Integer> items() {
    return written.stream().flatMap(List::stream).toList();
  }
}
