package io.shigoto.internal.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.shigoto.support.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
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

  private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1);
  private final Scheduler timer = Schedulers.fromExecutorService(executor);
  private final Delays delays = new Delays(timer);

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
            some.add(delays.add(done::incrementAndGet, LONG));
            if (i % 50 == 49) {
              some.forEach(Disposable::dispose);
              assertThat(some).allMatch(Disposable::isDisposed);
              some.clear();
            }
          }
        });
    CountDownLatch later = new CountDownLatch(1);
    delays.add(later::countDown, 2 * LONG);
    assertThat(later.await(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();

    assertThat(done).hasValue(0);
    assertThat(executor.getQueue()).isEmpty();
  }

  @Test
  void manyThatAreCalledOffCostTheTimerLittle() {
    for (int i = 0; i < 100_000; i++) {
      delays.add(() -> {}, NEVER).dispose();
    }
    Await.until(LIMIT, () -> executor.getQueue().isEmpty());

    assertThat(executor.getTaskCount()).isLessThan(10_000);
  }

  @Test
  void aTimerThatHasEndedRefuses() {
    Disposable before = delays.add(() -> {}, NEVER);
    Await.until(LIMIT, () -> executor.getCompletedTaskCount() == 1);
    executor.shutdownNow();
    Delays late = new Delays(Schedulers.fromExecutorService(ended()));

    assertThatThrownBy(() -> late.add(() -> {}, NEVER))
        .isInstanceOf(RejectedExecutionException.class);
    assertThatThrownBy(() -> late.add(() -> {}, 1)).isInstanceOf(RejectedExecutionException.class);
    before.dispose();
    assertThat(before.isDisposed()).isTrue();
  }

  private static ScheduledThreadPoolExecutor ended() {
    ScheduledThreadPoolExecutor ended =
        (ScheduledThreadPoolExecutor) Executors.newScheduledThreadPool(1);
    ended.shutdownNow();
    return ended;
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
