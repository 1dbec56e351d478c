package io.shigoto.internal.thread;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.shigoto.support.LogCapture;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;
import reactor.test.scheduler.VirtualTimeScheduler;

class PersistentTest {

  private static final String WARNING =
      "the worker scheduler takes no more, runs wait for it scheduler=application";
  private static final String OVER =
      "the worker scheduler takes all runs again scheduler=application";

  private final VirtualTimeScheduler time = VirtualTimeScheduler.create();
  private final AtomicInteger runs = new AtomicInteger();
  private volatile boolean full = true;
  private final Persistent persistent = new Persistent(new Application(), time);

  @Test
  void itWarnsOnceOfEachTimeThatTheSchedulerIsFull() {
    try (LogCapture log = LogCapture.start()) {
      for (int i = 0; i < 10; i++) {
        persistent.schedule(runs::incrementAndGet);
      }
      time.advanceTimeBy(Duration.ofHours(1));
      assertThat(log.lines(Level.WARN)).containsExactly(WARNING);
      assertThat(log.lines(Level.INFO)).isEmpty();

      full = false;
      time.advanceTimeBy(Duration.ofMinutes(1));
      assertThat(runs).hasValue(10);
      assertThat(log.lines(Level.INFO)).containsExactly(OVER);

      full = true;
      persistent.schedule(runs::incrementAndGet);
      assertThat(log.lines(Level.WARN)).containsExactly(WARNING, WARNING);
    }
  }

  @Test
  void oneThatIsFullNowAndThenIsOneTrouble() {
    try (LogCapture log = LogCapture.start()) {
      for (int i = 0; i < 100; i++) {
        full = true;
        persistent.schedule(runs::incrementAndGet);
        full = false;
        time.advanceTimeBy(Duration.ofSeconds(1));
      }

      assertThat(runs).hasValue(100);
      assertThat(log.lines(Level.WARN)).containsExactly(WARNING);
      assertThat(log.lines(Level.INFO)).isEmpty();
    }
  }

  @Test
  void whatIsCalledOffIsNotOfferedAgain() {
    Scheduler.Worker worker = persistent.createWorker();
    worker.schedule(runs::incrementAndGet);

    worker.dispose();
    full = false;
    time.advanceTimeBy(Duration.ofSeconds(1));

    assertThat(runs).hasValue(0);
  }

  private final class Application implements Scheduler {

    @Override
    public Disposable schedule(Runnable work) {
      if (full) {
        throw new RejectedExecutionException("full");
      }
      work.run();
      return Disposables.disposed();
    }

    @Override
    public Worker createWorker() {
      throw new UnsupportedOperationException();
    }

    @Override
    public String toString() {
      return "application";
    }
  }
}
