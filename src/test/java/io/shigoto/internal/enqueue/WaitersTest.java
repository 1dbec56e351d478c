package io.shigoto.internal.enqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.enqueue.SpecialEnqueuer.Patience;
import io.shigoto.internal.enqueue.Waiters.Turn;
import io.shigoto.job.IfNotCompleted;
import io.shigoto.job.Receipt;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

/** Each statement takes a second, and says of each key whether it is busy. */
class WaitersTest {

  private static final Duration STATEMENT = Duration.ofSeconds(1);
  private static final Duration LIMIT = Duration.ofSeconds(100);
  private static final int MANY = 1000;
  private static final Answer GIVEN = new Answer.Given(Receipt.inserted(1), 0);

  private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
  private final Set<String> busy = new HashSet<>();
  private final List<List<String>> statements = new ArrayList<>();
  private final List<String> heard = new ArrayList<>();
  private final Waiters waiters =
      new Waiters(
          new Waiters.Way(this::commit, (rows, committed) -> committed),
          new Patience(LIMIT, () -> timer.now(TimeUnit.NANOSECONDS), timer));

  @Test
  void theFirstOfALineIsTriedAndThenAllAreLetGoInTheirOrder() {
    busy.add("a");
    waits("a", "first");
    waits("a", "second");
    waits("a", "third");

    timer.advanceTimeBy(STATEMENT.multipliedBy(5));
    assertThat(statements).hasSizeGreaterThan(2).allMatch(List.of("a")::equals);
    assertThat(heard).isEmpty();
    assertThat(turn("a").isBehindOthers()).isTrue();
    assertThat(turn("b").isBehindOthers()).isFalse();

    busy.clear();
    timer.advanceTimeBy(STATEMENT.multipliedBy(3));
    assertThat(heard).hasSize(3).contains("first: " + GIVEN).containsSubsequence("second", "third");
    assertThat(turn("a").isBehindOthers()).isFalse();
  }

  @Test
  void aKeyThatIsFreeComesToItsTurnHoweverManyAreBusy() {
    for (int i = 0; i < MANY; i++) {
      busy.add("k" + i);
      waits("k" + i, "k" + i);
    }
    waits("free", "free");

    timer.advanceTimeBy(STATEMENT.multipliedBy(40));

    assertThat(heard).containsExactly("free: " + GIVEN);
    assertThat(statements).allMatch(keys -> keys.size() < 100);
  }

  @Test
  void patienceIsCountedByTheClockAndIsOneHoweverOftenAJobWaits() {
    busy.add("a");
    Turn turn = turn("a");
    Disposable first = turn.waits().subscribe();
    timer.advanceTimeBy(LIMIT.dividedBy(2));
    first.dispose();
    turn.waits().subscribe(answer -> heard.add(answer.toString()));

    timer.advanceTimeBy(LIMIT.dividedBy(2).minus(STATEMENT));
    assertThat(heard).isEmpty();
    timer.advanceTimeBy(STATEMENT.multipliedBy(3));
    assertThat(heard).containsExactly(new Answer.Late().toString());
  }

  @Test
  void whoHasGoneIsNotTriedAndKeepsNobody() {
    busy.add("a");
    waits("a", "gone").dispose();
    timer.advanceTimeBy(STATEMENT);
    assertThat(statements).isEmpty();

    waits("a", "gone").dispose();
    waits("a", "stays");
    busy.clear();
    timer.advanceTimeBy(STATEMENT.multipliedBy(2));
    assertThat(heard).containsExactly("stays: " + GIVEN);
  }

  @Test
  void oneThatIsGivenUpHearsWhyAndTheOthersAreLetGo() {
    waits("broken", "first");
    waits("broken", "second");

    timer.advanceTimeBy(STATEMENT.multipliedBy(3));

    assertThat(heard).containsExactlyInAnyOrder("first: no connection", "second");
  }

  @Test
  void nobodyWaitsOnceItIsClosed() {
    busy.add("a");
    waits("a", "first");
    waits("a", "second");
    timer.advanceTimeBy(STATEMENT);
    Mono<Void> closed = waiters.close().cache();
    closed.subscribe();

    timer.advanceTimeBy(STATEMENT.multipliedBy(2));

    assertThat(heard)
        .containsExactlyInAnyOrder("first: " + new Answer.Late(), "second: " + new Answer.Late());
    closed.as(reactor.test.StepVerifier::create).verifyComplete();
    assertThat(turn("a").isBehindOthers()).isFalse();
  }

  @Test
  void whoHasWaitedTooLongIsNotTriedAgainHoweverLongARoundTakes() {
    waitsForManyBusyKeys();
    timer.advanceTimeBy(LIMIT.minus(STATEMENT.multipliedBy(2)));
    busy.clear();
    int tried = statements.size();
    AtomicInteger late = new AtomicInteger();
    timer.advanceTimeBy(STATEMENT.multipliedBy(3));
    heard.stream().filter(word -> word.contains("Late")).forEach(word -> late.incrementAndGet());

    assertThat(statements.size() - tried).isLessThanOrEqualTo(3);
    assertThat(late.get()).isGreaterThanOrEqualTo(MANY - 4 * 32);
    assertThat(heard).hasSize(MANY);
  }

  @Test
  void aCloseIsNotOnlySeenWhenALongRoundIsOver() {
    waitsForManyBusyKeys();
    timer.advanceTimeBy(STATEMENT.multipliedBy(2));
    int tried = statements.size();

    waiters.close().subscribe(nothing -> {}, error -> {}, () -> heard.add("closed"));

    assertThat(heard).hasSize(MANY - 32);
    timer.advanceTimeBy(STATEMENT.multipliedBy(2));
    assertThat(heard).hasSize(MANY + 1).endsWith("closed");
    timer.advanceTimeBy(STATEMENT.multipliedBy(100));
    assertThat(statements).hasSize(tried);
  }

  private void waitsForManyBusyKeys() {
    for (int i = 0; i < MANY; i++) {
      busy.add("k" + i);
      waits("k" + i, "k" + i);
    }
  }

  private Disposable waits(String key, String name) {
    return turn(key)
        .waits()
        .subscribe(
            answer -> heard.add(name + ": " + answer),
            error -> heard.add(name + ": " + error.getMessage()),
            () -> {
              if (heard.stream().noneMatch(word -> word.startsWith(name + ":"))) {
                heard.add(name);
              }
            });
  }

  private Turn turn(String key) {
    return waiters
    .new Turn(
        new JobRow(
            "default",
            "work",
            "{}",
            0,
            1,
            null,
            null,
            null,
            null,
            null,
            new UniqueRow(key, null, null, null, null),
            false,
            new Ties(null, new TreeSet<>(), IfNotCompleted.RUN)));
  }

  private Mono<List<Answer>> commit(List<JobRow> rows) {
    statements.add(rows.stream().map(JobRow::key).toList());
    if (rows.get(0).key().equals("broken")) {
      return Mono.error(new IllegalStateException("no connection"));
    }
    return Mono.delay(STATEMENT, timer)
        .map(
            late ->
                rows.stream()
                    .map(row -> busy.contains(row.key()) ? new Answer.Busy() : GIVEN)
                    .toList());
  }
}
