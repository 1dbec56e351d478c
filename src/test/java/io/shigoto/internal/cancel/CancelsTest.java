package io.shigoto.internal.cancel;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.internal.cancel.Cancels.Marked;
import io.shigoto.internal.job.Jobs;
import io.shigoto.internal.job.News;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.run.Load;
import io.shigoto.internal.run.Run;
import io.shigoto.internal.run.Runs;
import io.shigoto.internal.wake.Alarm;
import io.shigoto.internal.wake.Wakeups;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

/** How soon a run ends whose job was called off: in virtual time. */
class CancelsTest {

  private static final UUID NODE = new UUID(0, 1);
  private static final long SECOND = 1_000;
  private static final News CALLED_OFF = News.of(List.of("c" + NODE));

  private final VirtualTimeScheduler timer = VirtualTimeScheduler.create();
  private final Wakeups wakeups =
      new Wakeups(new Alarm(() -> timer.now(TimeUnit.NANOSECONDS), timer));
  private final Runs runs = new Runs(Schedulers.immediate());
  private final List<Marked> marks = new ArrayList<>();
  private final List<Long> lookedAt = new ArrayList<>();
  private final List<Long> endedAt = new ArrayList<>();
  private Duration look = Duration.ZERO;
  private int failures;
  private Disposable flow;

  @BeforeEach
  void start() {
    Cancels cancels = new Cancels(Mono.defer(this::table), NODE, runs, this::end);
    flow = cancels.flow(wakeups, timer).subscribe();
    timer.advanceTimeBy(Duration.ofMillis(1_750));
    assertThat(lookedAt).as("while nothing is held").containsExactly(0L);
  }

  @AfterEach
  void stop() {
    flow.dispose();
  }

  @Test
  void aNodeThatIsToldLooksAtOnce() {
    mark(hold(1));

    wakeups.ring(CALLED_OFF);

    assertThat(endedAt).containsExactly(now());
  }

  @Test
  void aNodeThatIsNotToldLooksWithinASecond() {
    for (long id = 1; id <= 20; id++) {
      Run run = hold(id);
      timer.advanceTimeBy(Duration.ofMillis(37 * id));
      long marked = now();
      mark(run);

      timer.advanceTimeBy(Duration.ofMillis(SECOND));

      assertThat(endedAt).hasSize((int) id).last().satisfies(ended -> isSoon(marked, ended));
    }
  }

  /** What is marked while a look is under way may have been missed by it. */
  @Test
  void aLookThatIsUnderWayIsFollowedByAnother() {
    look = Duration.ofMillis(300);
    Run run = hold(1);
    wakeups.ring(CALLED_OFF);
    timer.advanceTimeBy(Duration.ofMillis(100));
    long marked = now();
    mark(run);

    wakeups.ring(CALLED_OFF);
    timer.advanceTimeBy(Duration.ofMillis(SECOND));

    assertThat(endedAt).singleElement().satisfies(ended -> isSoon(marked, ended));
  }

  @Test
  void aLookThatFailsIsMadeAgain() {
    mark(hold(1));
    failures = 2;
    long told = now();

    wakeups.ring(CALLED_OFF);
    timer.advanceTimeBy(Duration.ofMillis(SECOND));

    assertThat(endedAt).singleElement().satisfies(ended -> isSoon(told, ended));
  }

  @Test
  void anotherRunOfTheJobIsLeftAlone() {
    Run run = hold(1);
    marks.add(new Marked(1, run.key().lease() - 1));

    wakeups.ring(CALLED_OFF);
    timer.advanceTimeBy(Duration.ofMillis(SECOND));

    assertThat(lookedAt).hasSizeGreaterThan(1);
    assertThat(endedAt).isEmpty();
  }

  private static void isSoon(long marked, long ended) {
    assertThat(ended - marked).isLessThan(SECOND);
  }

  private Mono<List<Marked>> table() {
    lookedAt.add(now());
    if (failures-- > 0) {
      return Mono.error(new IOException("away"));
    }
    List<Marked> seen = List.copyOf(marks);
    return look.isZero() ? Mono.just(seen) : Mono.delay(look, timer).thenReturn(seen);
  }

  private Mono<Void> end(Run run) {
    return Mono.fromRunnable(
        () -> {
          endedAt.add(now());
          marks.clear();
          runs.letGo(run);
        });
  }

  private Run hold(long id) {
    return runs.hold(Jobs.claimed(id), Permit.FREE, new Load(1, () -> {}));
  }

  private void mark(Run run) {
    marks.add(new Marked(run.key().id(), run.key().lease()));
  }

  private long now() {
    return timer.now(TimeUnit.MILLISECONDS);
  }
}
