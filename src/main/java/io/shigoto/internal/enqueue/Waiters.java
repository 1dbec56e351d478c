package io.shigoto.internal.enqueue;

import io.shigoto.internal.enqueue.SpecialEnqueuer.Patience;
import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Gate;
import io.shigoto.internal.flow.GroupCommit;
import io.shigoto.internal.postgres.Database;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Jobs that unfinished transactions keep waiting, in a line for each thing that is waited for. The
 * first of each line is tried again, those of several lines by one statement, and one statement at
 * a time; the others of a line are let go when its first is through. So all who wait hold one
 * connection at most, however many they are.
 *
 * <p>One loop does it all, as long as there are lines, with a pause when each has had its turn.
 */
final class Waiters {

  /** Each that is still busy takes some milliseconds of the statement. */
  private static final int AT_ONCE = 32;

  private static final Duration PAUSE = Duration.ofMillis(100);

  private final Way way;
  private final Patience patience;
  private final Lines<Obstacle, Waiter> lines = new Lines<>();
  private final AtomicBoolean looping = new AtomicBoolean();
  private final Gate gate = new Gate();

  Waiters(Way way, Patience patience) {
    this.way = way;
    this.patience = patience;
  }

  /**
   * How they are tried.
   *
   * @param commit writes rows; emits what became of each
   * @param told from there to those who hear of it
   */
  record Way(
      Function<List<JobRow>, Mono<List<Answer>>> commit,
      BiFunction<List<JobRow>, Mono<List<Answer>>, Mono<List<Answer>>> told) {}

  /** A job on its way in. It may have to wait several times, but its patience is one. */
  final class Turn {

    private final JobRow row;
    private final Obstacle obstacle;
    private boolean hasWaited;
    private long began;

    Turn(JobRow row) {
      this.row = row;
      this.obstacle = Obstacle.of(row);
    }

    /** Whether others wait for what it would have to wait for too. */
    boolean isBehindOthers() {
      return lines.contains(obstacle) && !obstacle.mayLetPass(row);
    }

    /**
     * Waits when subscribed; emits what became of the job, which is {@link Answer.Late} if it has
     * waited too long or the node is being stopped. Completes empty if it is to be tried with all
     * others. Cancel: it is tried no more.
     */
    Mono<Answer> waits() {
      return gate.pass(Mono.create(this::waits));
    }

    private void waits(MonoSink<Answer> sink) {
      if (!hasWaited) {
        hasWaited = true;
        began = patience.nanos().getAsLong();
      }
      Waiter waiter = new Waiter(this, sink, new AtomicBoolean());
      sink.onCancel(() -> waiter.gone.set(true));
      lines.join(obstacle, waiter);
      start();
    }

    private boolean isLate(long now) {
      return gate.isClosed() || now - began >= patience.limit().toNanos();
    }
  }

  private record Waiter(Turn turn, MonoSink<Answer> sink, AtomicBoolean gone) {

    Obstacle obstacle() {
      return turn.obstacle;
    }

    boolean isGone() {
      return gone.get();
    }
  }

  boolean isClosed() {
    return gate.isClosed();
  }

  /**
   * Lets nobody wait any more; completes, soon, when all have been answered. A statement that is
   * under way is waited for, by those alone that it tries.
   */
  Mono<Void> close() {
    return Mono.when(gate.close(), Mono.fromRunnable(this::endThoseOver));
  }

  private void start() {
    if (!lines.isEmpty() && looping.compareAndSet(false, true)) {
      Detached.start(
          Mono.delay(PAUSE, patience.timer())
              .then(Mono.defer(this::round))
              .repeat(() -> !lines.isEmpty())
              .then()
              .onErrorResume(this::withoutTimer)
              .doFinally(
                  end -> {
                    looping.set(false);
                    start();
                  }));
    }
  }

  private Mono<Void> withoutTimer(Throwable error) {
    hand(lines.dismiss(waiter -> true), Mono.error(error));
    // Lines that are empty go, and who has joined one meanwhile.
    for (List<Waiter> left = first(); !left.isEmpty(); left = first()) {
      hand(left, Mono.error(error));
    }
    return Mono.empty();
  }

  private Mono<Void> round() {
    return Flux.range(0, (lines.size() + AT_ONCE - 1) / AT_ONCE)
        .concatMap(part -> part(), 0)
        .then();
  }

  /** A round may take many statements: whose time is over hears of it before each of them. */
  private Mono<Void> part() {
    endThoseOver();
    return tried(first());
  }

  private void endThoseOver() {
    long now = patience.nanos().getAsLong();
    List<Waiter> over = lines.dismiss(waiter -> waiter.isGone() || waiter.turn.isLate(now));
    hand(over, Mono.just(over.stream().<Answer>map(waiter -> new Answer.Late()).toList()));
  }

  private List<Waiter> first() {
    List<Waiter> first = new ArrayList<>();
    long weighed = 0;
    while (first.size() < AT_ONCE && weighed < GroupCommit.HEAVIEST) {
      Obstacle obstacle = lines.turn();
      if (obstacle == null) {
        break;
      }
      Waiter next = next(obstacle);
      if (next != null) {
        first.add(next);
        weighed += next.turn.row.weight();
      }
    }
    return first;
  }

  private @Nullable Waiter next(Obstacle obstacle) {
    Waiter next = lines.next(obstacle);
    while (next != null && next.isGone()) {
      next = lines.next(obstacle);
    }
    return next;
  }

  private Mono<Void> tried(List<Waiter> first) {
    return first.isEmpty()
        ? Mono.empty()
        : Mono.defer(() -> way.commit.apply(rows(first)))
            .doOnNext(answers -> answered(first, answers))
            .then()
            .onErrorResume(error -> failed(first, error));
  }

  private void answered(List<Waiter> first, List<Answer> answers) {
    List<Waiter> through = new ArrayList<>();
    List<Answer> given = new ArrayList<>();
    for (int i = 0; i < first.size(); i++) {
      if (answers.get(i) instanceof Answer.Busy) {
        lines.back(first.get(i).obstacle(), first.get(i));
      } else {
        through.add(first.get(i));
        given.add(answers.get(i));
      }
    }
    hand(through, Mono.just(given));
    through.forEach(waiter -> letGo(waiter.obstacle()));
  }

  /** If one was refused, that one fails alone, with all others. */
  private Mono<Void> failed(List<Waiter> first, Throwable error) {
    if (Database.isRefusal(error)) {
      first.forEach(waiter -> waiter.sink.success());
    } else {
      hand(first, Mono.error(error));
    }
    first.forEach(waiter -> letGo(waiter.obstacle()));
    return Mono.empty();
  }

  /** In their order. Whoever joins meanwhile comes behind them. */
  private void letGo(Obstacle obstacle) {
    for (Waiter next = next(obstacle); next != null; next = next(obstacle)) {
      next.sink.success();
    }
  }

  private void hand(List<Waiter> waiters, Mono<List<Answer>> answers) {
    if (!waiters.isEmpty()) {
      Detached.start(
          way.told
              .apply(rows(waiters), answers)
              .doOnNext(given -> hand(waiters, given))
              .then()
              .onErrorResume(error -> fail(waiters, error)));
    }
  }

  private static void hand(List<Waiter> waiters, List<Answer> answers) {
    for (int i = 0; i < answers.size(); i++) {
      waiters.get(i).sink.success(answers.get(i));
    }
  }

  private static Mono<Void> fail(List<Waiter> waiters, Throwable error) {
    waiters.forEach(waiter -> waiter.sink.error(error));
    return Mono.empty();
  }

  private static List<JobRow> rows(List<Waiter> waiters) {
    return waiters.stream().map(waiter -> waiter.turn.row).toList();
  }
}
