package io.shigoto.internal.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.support.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.RunnableScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

class DelaysTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long LONG = Duration.ofMillis(150).toNanos();
  private static final long NEVER = Duration.ofHours(1).toNanos();

  /** What the timer was given, which takes its time. */
  private final AtomicInteger given = new AtomicInteger();

  private final ScheduledThreadPoolExecutor executor =
      new ScheduledThreadPoolExecutor(1) {
        @Override
        protected <V> RunnableScheduledFuture<V> decorateTask(
            Callable<V> call, RunnableScheduledFuture<V> task) {
          given.incrementAndGet();
          return task;
        }

        @Override
        protected <V> RunnableScheduledFuture<V> decorateTask(
            Runnable work, RunnableScheduledFuture<V> task) {
          given.incrementAndGet();
          return task;
        }
      };

  private final Scheduler timer = Schedulers.fromExecutorService(executor);
  private final Delays delays = new Delays(timer, System::nanoTime);

  @BeforeEach
  void forgetWhatIsCalledOff() {
    executor.setRemoveOnCancelPolicy(true);
  }

  @AfterEach
  void end() {
    executor.shutdownNow();
  }

  @Test
  void nothingIsDoneBeforeItsTimeAndAllIsDoneOnce() throws InterruptedException {
    int threads = 4;
    int each = 2_000;
    AtomicIntegerArray done = new AtomicIntegerArray(threads * each);
    AtomicInteger early = new AtomicInteger();
    AtomicInteger left = new AtomicInteger(threads * each);
    inThreads(
        threads,
        thread -> {
          for (int i = thread * each; i < (thread + 1) * each; i++) {
            int task = i;
            long delay = i % 2 == 0 ? LONG : Duration.ofMillis(2).toNanos();
            long due = System.nanoTime() + delay;
            delays.add(
                () -> {
                  early.addAndGet(System.nanoTime() < due ? 1 : 0);
                  done.incrementAndGet(task);
                  left.decrementAndGet();
                },
                delay);
          }
        });

    Await.until(LIMIT, () -> left.get() == 0);

    assertThat(early).hasValue(0);
    for (int i = 0; i < done.length(); i++) {
      assertThat(done.get(i)).isEqualTo(1);
    }
  }

  /** Called off before, while and after the timer is given them. */
  @Test
  void whatIsCalledOffIsNeitherDoneNorKept() throws InterruptedException {
    AtomicInteger done = new AtomicInteger();
    inThreads(
        4,
        thread -> {
          List<Disposable> some = new ArrayList<>();
          for (int i = 0; i < 20_000; i++) {
            some.add(delays.add(done::incrementAndGet, NEVER));
            if (i % 50 == 49) {
              some.forEach(Disposable::dispose);
              assertThat(some).allMatch(Disposable::isDisposed);
              some.clear();
            }
          }
        });

    // What is not there cannot be done.
    Await.until(LIMIT, () -> executor.getQueue().isEmpty());
    assertThat(done).hasValue(0);
  }

  @Test
  void manyThatAreCalledOffCostTheTimerLittle() {
    int many = 200_000;
    for (int i = 0; i < many; i++) {
      delays.add(() -> {}, NEVER).dispose();
    }
    Await.until(LIMIT, () -> executor.getQueue().isEmpty());

    assertThat(given.get()).isLessThan(many / 10);
  }

  @Test
  void aTimerThatHasEndedRefuses() {
    Disposable gathered = delays.add(() -> {}, NEVER);
    timer.dispose();
    Delays fresh = new Delays(timer, System::nanoTime);

    for (Delays each : List.of(delays, fresh)) {
      for (long delay : new long[] {NEVER, NEVER, 1}) {
        assertThatThrownBy(() -> each.add(() -> {}, delay))
            .isInstanceOf(RejectedExecutionException.class);
      }
    }
    gathered.dispose();
    assertThat(gathered.isDisposed()).isTrue();
  }

  private interface Part {
    void run(int thread);
  }

  private static void inThreads(int count, Part part) throws InterruptedException {
    AtomicInteger failed = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int thread = i;
      threads.add(new Thread(() -> part.run(thread)));
    }
    threads.forEach(
        thread -> thread.setUncaughtExceptionHandler((in, error) -> failed.incrementAndGet()));
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failed).hasValue(0);
  }
}
