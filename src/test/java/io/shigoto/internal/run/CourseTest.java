package io.shigoto.internal.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.internal.job.Failure;
import io.shigoto.internal.job.Jobs;
import io.shigoto.internal.job.Settlement;
import io.shigoto.internal.limit.Permit;
import io.shigoto.internal.thread.Crew;
import io.shigoto.worker.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.publisher.TestPublisher;

class CourseTest {

  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int ROUNDS = 20_000;

  private final Crew aside = Crew.aside("shigoto-aside", Schedulers.parallel(), System::nanoTime);

  @AfterEach
  void end() {
    aside.dispose();
  }

  @Test
  void emitsWhatTheOutcomeMeans() {
    Run run = begun();

    assertThat(course(run, Mono.just(Outcome.done())).block(LIMIT))
        .isEqualTo(Settlement.completed(run.key(), null));
    assertThat(course(run, Mono.empty()).block(LIMIT))
        .isEqualTo(Settlement.completed(run.key(), null));
  }

  @Test
  void asksAsideWhatAFailureMeans() {
    List<String> threads = Collections.synchronizedList(new ArrayList<>());
    Run run = begun();
    Function<Outcome, Settlement> judgement =
        outcome -> {
          threads.add(Thread.currentThread().getName());
          return judged(run, outcome);
        };

    Settlement settlement =
        new Course(run, Mono.error(new IllegalStateException("no")), judgement, aside).block(LIMIT);

    assertThat(settlement).isNotNull();
    assertThat(settlement.error()).isNotNull();
    assertThat(threads).singleElement().asString().startsWith("shigoto-aside");
  }

  @Test
  void whatEndsWithoutHavingBegunIsGivenBack() {
    for (Mono<Outcome> work :
        List.of(Mono.<Outcome>empty(), Mono.<Outcome>error(new IllegalStateException("late")))) {
      Run run = held();

      assertThat(course(run, work).block(LIMIT))
          .isEqualTo(Settlement.released(run.key()).asUnbegun());
    }
  }

  @Test
  void aRunThatIsCutBeforeIsNotSubscribedTo() {
    Run run = held();
    run.cut();
    TestPublisher<Outcome> work = TestPublisher.create();

    assertThat(course(run, work.mono()).block(LIMIT))
        .isEqualTo(Settlement.released(run.key()).asUnbegun());

    work.assertWasNotSubscribed();
  }

  @Test
  void aCutCancelsTheWorkAndThenItIsGivenBack() {
    Run run = begun();
    TestPublisher<Outcome> work = TestPublisher.create();
    List<Settlement> emitted = new ArrayList<>();
    course(run, work.mono())
        .subscribe(
            settlement -> {
              work.assertCancelled();
              emitted.add(settlement);
            });

    run.cut();

    assertThat(emitted).containsExactly(Settlement.released(run.key()));
  }

  /** A backoff of the application's that does not come back holds up nobody. */
  @Test
  void aRunIsCutWhileItIsAskedWhatItsFailureMeans() {
    Run run = begun();
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    List<Settlement> emitted = new ArrayList<>();
    new Course(
            run,
            Mono.just(Outcome.failed("no")),
            outcome -> {
              asked.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException expected) {
                interrupted.countDown();
              }
              return judged(run, outcome);
            },
            aside)
        .subscribe(emitted::add);
    assertThat(await(asked)).isTrue();

    run.callOff();

    assertThat(await(interrupted)).isTrue();
    assertThat(emitted).containsExactly(Settlement.cancelled(run.key(), null));
  }

  /** The thread that failed may be slow, and the one that asks fast. */
  @Test
  void whoEmitsWhatAFailureMeansIsNotInterrupted() {
    for (int i = 0; i < ROUNDS; i++) {
      AtomicInteger interrupted = new AtomicInteger();
      CountDownLatch emitted = new CountDownLatch(1);
      course(begun(), Mono.just(Outcome.failed("no")))
          .subscribe(
              settlement -> {
                for (int looks = 0; looks < 100; looks++) {
                  if (Thread.currentThread().isInterrupted()) {
                    interrupted.incrementAndGet();
                  }
                }
                emitted.countDown();
              });
      assertThat(await(emitted)).isTrue();
      assertThat(interrupted).hasValue(0);
    }
  }

  @Test
  void anErrorOfTheLibrarysOwnIsNotSwallowed() {
    assertThatThrownBy(
            () ->
                new Course(
                        begun(),
                        Mono.just(Outcome.done()),
                        outcome -> {
                          throw new IllegalStateException("broken");
                        },
                        aside)
                    .block(LIMIT))
        .hasMessage("broken");
    assertThatThrownBy(
            () ->
                new Course(
                        begun(),
                        Mono.just(Outcome.failed("no")),
                        outcome -> {
                          throw new IllegalStateException("broken");
                        },
                        aside)
                    .block(LIMIT))
        .hasMessage("broken");
  }

  @Test
  void anOutcomeThatMeetsACutIsSettledOnce() {
    AtomicInteger completed = new AtomicInteger();
    AtomicInteger released = new AtomicInteger();
    for (int i = 0; i < ROUNDS; i++) {
      Run run = begun();
      Sinks.One<Outcome> outcome = Sinks.one();
      AtomicInteger emitted = new AtomicInteger();
      course(run, outcome.asMono())
          .subscribe(
              settlement -> {
                emitted.incrementAndGet();
                (settlement.isCompletion() ? completed : released).incrementAndGet();
              });
      Mono.when(
              Mono.fromRunnable(run::cut).subscribeOn(Schedulers.parallel()),
              Mono.fromRunnable(() -> outcome.tryEmitValue(Outcome.done()))
                  .subscribeOn(Schedulers.parallel()))
          .block(LIMIT);
      assertThat(emitted).hasValue(1);
    }
    assertThat(completed.get()).isPositive();
    assertThat(released.get()).isPositive();
  }

  private Course course(Run run, Mono<Outcome> work) {
    return new Course(run, work, outcome -> judged(run, outcome), aside);
  }

  private static Settlement judged(Run run, Outcome outcome) {
    return outcome instanceof Outcome.Failed failed
        ? Settlement.discarded(run.key(), Failure.of(1, "node", failed.error()))
        : Settlement.completed(run.key(), null);
  }

  private static Run held() {
    return new Runs(Schedulers.immediate())
        .hold(Jobs.claimed(1, "some"), Permit.FREE, new Load(1, () -> {}));
  }

  private static Run begun() {
    Run run = held();
    run.begin();
    return run;
  }

  private static boolean await(CountDownLatch latch) {
    try {
      return latch.await(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException interrupted) {
      return false;
    }
  }
}
