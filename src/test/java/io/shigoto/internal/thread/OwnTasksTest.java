package io.shigoto.internal.thread;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.scheduler.VirtualTimeScheduler;

class OwnTasksTest {

  private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
  private final AtomicInteger runs = new AtomicInteger();

  @Test
  void whatIsOverIsForgotten() {
    OwnTasks tasks = new OwnTasks(time);
    for (int i = 0; i < 1000; i++) {
      tasks.schedule(runs::incrementAndGet);
      time.advanceTime();
    }

    assertThat(runs).hasValue(1000);
    assertThat(tasks.size()).isZero();
  }

  @Test
  void whatIsOverBeforeItIsKnownToHaveBegunIsForgotten() {
    OwnTasks tasks = new OwnTasks(Schedulers.immediate());

    tasks.schedule(runs::incrementAndGet);

    assertThat(runs).hasValue(1);
    assertThat(tasks.size()).isZero();
  }

  @Test
  void whatIsCalledOffIsForgottenAndDoesNotRun() {
    OwnTasks tasks = new OwnTasks(later());
    Disposable one = tasks.schedule(runs::incrementAndGet);
    tasks.schedule(runs::incrementAndGet);
    assertThat(tasks.size()).isEqualTo(2);

    one.dispose();

    assertThat(one.isDisposed()).isTrue();
    assertThat(tasks.size()).isOne();
    tasks.dispose();
    assertThat(tasks.size()).isZero();
    time.advanceTimeBy(Duration.ofSeconds(1));
    assertThat(runs).hasValue(0);
  }

  @Test
  void nothingIsTakenAfterTheEnd() {
    OwnTasks tasks = new OwnTasks(time);
    tasks.dispose();

    assertThat(tasks.isDisposed()).isTrue();
    assertThatThrownBy(() -> tasks.schedule(runs::incrementAndGet))
        .isInstanceOf(RejectedExecutionException.class);
    assertThat(runs).hasValue(0);
  }

  @Test
  void whatIsRefusedIsForgotten() {
    Scheduler ended = Schedulers.newSingle("ended");
    ended.dispose();
    OwnTasks tasks = new OwnTasks(ended);

    assertThatThrownBy(() -> tasks.schedule(runs::incrementAndGet))
        .isInstanceOf(RejectedExecutionException.class);
    assertThat(tasks.size()).isZero();
  }

  private Scheduler later() {
    return new Scheduler() {
      @Override
      public Disposable schedule(Runnable work) {
        return time.schedule(work, 1, TimeUnit.MILLISECONDS);
      }

      @Override
      public Worker createWorker() {
        return new OwnTasks(this);
      }
    };
  }
}
