package io.shigoto.internal.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.support.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class CrewTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int THREADS = Runtime.getRuntime().availableProcessors();

  private final Scheduler timer = Schedulers.newSingle("timer", true);
  private final Crew crew = Crew.parallel("crew", timer, System::nanoTime);

  @AfterEach
  void dispose() {
    crew.dispose();
    timer.dispose();
  }

  @Test
  void everyTaskRunsOnceWhoeverAddsIt() throws InterruptedException {
    int givers = 4;
    int each = 50_000;
    AtomicIntegerArray runs = new AtomicIntegerArray(givers * each);
    AtomicInteger left = new AtomicInteger(givers * each);
    List<Thread> threads = new ArrayList<>();
    for (int giver = 0; giver < givers; giver++) {
      int first = giver * each;
      threads.add(
          new Thread(
              () -> {
                for (int i = first; i < first + each; i++) {
                  int task = i;
                  crew.schedule(
                      () -> {
                        runs.incrementAndGet(task);
                        left.decrementAndGet();
                      });
                }
              }));
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }

    Await.until("all have run", LIMIT, () -> left.get() == 0);
    assertThat(IntStream.range(0, runs.length()).map(runs::get)).containsOnly(1);
  }

  /** Whenever it is added: while somebody looks for work, goes, or comes. */
  @Test
  void noTaskWaitsWhileAThreadIsFree() throws InterruptedException {
    for (int round = 0; round < 5000; round++) {
      CountDownLatch all = new CountDownLatch(THREADS);
      CountDownLatch over = new CountDownLatch(THREADS);
      for (int i = 0; i < THREADS; i++) {
        crew.schedule(
            () -> {
              // Ends only when as many are under way as there are threads.
              all.countDown();
              while (all.getCount() > 0) {
                spin();
              }
              over.countDown();
            });
        for (int wait = round % 1000; wait > 0; wait--) {
          spin();
        }
      }
      assertThat(over.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).as("round %d", round).isTrue();
    }
  }

  @Test
  void aTaskThatIsAddedByOneThatTakesLongDoesNotWaitForIt() throws InterruptedException {
    Crew two = Crew.aside("aside", timer, System::nanoTime);
    for (int round = 0; round < 2000; round++) {
      CountDownLatch second = new CountDownLatch(1);
      CountDownLatch over = new CountDownLatch(1);
      two.schedule(
          () -> {
            two.schedule(second::countDown);
            try {
              if (second.await(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                over.countDown();
              }
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      assertThat(over.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).as("round %d", round).isTrue();
    }
    two.dispose();
  }

  @Test
  void eachOfManyThatComeAtOnceHasAThread() throws InterruptedException {
    Crew aside = Crew.aside("aside", timer, System::nanoTime);
    for (int round = 0; round < 500; round++) {
      CountDownLatch all = new CountDownLatch(32);
      CountDownLatch over = new CountDownLatch(32);
      for (int i = 0; i < 32; i++) {
        aside.schedule(
            () -> {
              all.countDown();
              try {
                if (all.await(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                  over.countDown();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
      }
      assertThat(over.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).as("round %d", round).isTrue();
    }
    aside.dispose();
  }

  /** Whatever the application does in them. */
  @Test
  void noTaskWaitsForThoseThatBlockHoweverManyTheyAre() throws InterruptedException {
    Crew aside = Crew.aside("aside", timer, System::nanoTime);
    CountDownLatch end = new CountDownLatch(1);
    AtomicInteger blocked = new AtomicInteger();
    for (int round = 1; round <= 300; round++) {
      aside.schedule(
          () -> {
            blocked.incrementAndGet();
            await(end);
          });
      CountDownLatch next = new CountDownLatch(1);
      aside.schedule(next::countDown);
      assertThat(next.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).as("beside %d", round).isTrue();
    }
    Await.until("all are under way", LIMIT, () -> blocked.get() == 300);
    end.countDown();
    aside.dispose();
  }

  private static void await(CountDownLatch end) {
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void whatIsDisposedWhileItRunsIsInterruptedAndNothingElseIs() throws InterruptedException {
    CountDownLatch under = new CountDownLatch(1);
    CountDownLatch interrupted = new CountDownLatch(1);
    Disposable task =
        crew.schedule(
            () -> {
              under.countDown();
              while (!Thread.currentThread().isInterrupted()) {
                spin();
              }
              interrupted.countDown();
            });
    assertThat(under.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    task.dispose();
    assertThat(interrupted.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();

    AtomicInteger left = new AtomicInteger();
    AtomicInteger runs = new AtomicInteger();
    for (int i = 0; i < 1000; i++) {
      crew.schedule(
          () -> {
            left.addAndGet(Thread.currentThread().isInterrupted() ? 1 : 0);
            Thread.currentThread().interrupt();
            runs.incrementAndGet();
          });
    }
    Await.until("all have run", LIMIT, () -> runs.get() == 1000);
    assertThat(left).hasValue(0);
  }

  @Test
  void aTaskThatBreaksHarmsNoOther() {
    AtomicInteger runs = new AtomicInteger();
    for (int i = 0; i < 100; i++) {
      crew.schedule(
          () -> {
            runs.incrementAndGet();
            throw new AssertionError("broken");
          });
    }
    Await.until("all have run", LIMIT, () -> runs.get() == 100);
  }

  @Test
  void whatIsDisposedBeforeItsTurnDoesNotRun() throws InterruptedException {
    CountDownLatch held = new CountDownLatch(1);
    AtomicInteger runs = new AtomicInteger();
    for (int i = 0; i < THREADS; i++) {
      crew.schedule(
          () -> {
            while (held.getCount() > 0) {
              spin();
            }
          });
    }
    Disposable task = crew.schedule(runs::incrementAndGet);
    Scheduler.Worker worker = crew.createWorker();
    worker.schedule(runs::incrementAndGet);
    task.dispose();
    worker.dispose();
    held.countDown();

    CountDownLatch later = new CountDownLatch(1);
    crew.schedule(later::countDown);
    assertThat(later.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(runs).hasValue(0);
  }

  @Test
  void delaysAreWatchedOnTheTimer() {
    assertThat(Mono.delay(Duration.ofMillis(5), crew).map(tick -> threadName()).block(LIMIT))
        .startsWith("crew-");
  }

  @Test
  void nothingIsTakenAfterTheEnd() {
    AtomicInteger runs = new AtomicInteger();
    crew.dispose();

    assertThatThrownBy(() -> crew.schedule(runs::incrementAndGet))
        .isInstanceOf(RejectedExecutionException.class);
    assertThat(runs).hasValue(0);
  }

  @Test
  void parallelThreadsMustNotBlock() {
    Mono<Object> blocking =
        Mono.fromCallable(() -> Mono.never().block(Duration.ofMillis(1))).subscribeOn(crew);

    assertThatThrownBy(() -> blocking.block(LIMIT))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("blocking");
  }

  /** BlockHound holds onSpinWait for blocking. */
  private static void spin() {
    Math.random();
  }

  private static String threadName() {
    return Thread.currentThread().getName();
  }
}
