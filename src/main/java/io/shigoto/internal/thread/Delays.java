package io.shigoto.internal.thread;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.Exceptions;
import reactor.core.scheduler.Scheduler;

/**
 * What is to be done after a delay, most of which is called off long before: each run has an alarm.
 * Whoever gives work to a timer waits for its lock and may have to wake its thread, which takes
 * longer than most runs. So work only gathers here, and a moment later the timer is given what is
 * left of it. Short delays go to the timer at once.
 *
 * <p>The protocol: whoever adds and finds that nobody will come sends for one; he says that he is
 * there before he looks.
 */
final class Delays {

  private static final long MOMENT = Duration.ofMillis(5).toNanos();
  private static final long SHORT = 20 * MOMENT;

  private final Queue<Delayed> gathered = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean sentFor = new AtomicBoolean();
  private final Scheduler timer;
  private final LongSupplier nanos;

  /**
   * @param nanos a clock for elapsed time, the one by which the timer goes
   */
  Delays(Scheduler timer, LongSupplier nanos) {
    this.timer = timer;
    this.nanos = nanos;
  }

  /**
   * Does that on the timer, after so long or up to a moment later.
   *
   * @throws RejectedExecutionException if the timer has ended
   */
  Disposable add(Runnable work, long delay) {
    if (delay < SHORT) {
      return timer.schedule(work, delay, TimeUnit.NANOSECONDS);
    }
    Delayed delayed = new Delayed(work, nanos.getAsLong() + delay);
    gathered.add(delayed);
    if (timer.isDisposed()) {
      gathered.remove(delayed);
      throw Exceptions.failWithRejected();
    }
    if (!sentFor.get() && sentFor.compareAndSet(false, true)) {
      send(delayed);
    }
    return delayed;
  }

  private void send(Delayed first) {
    try {
      timer.schedule(this::handOver, MOMENT, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException ended) {
      sentFor.set(false);
      gathered.remove(first);
      throw ended;
    }
  }

  private void handOver() {
    sentFor.set(false);
    for (Delayed next = gathered.poll(); next != null; next = gathered.poll()) {
      next.giveTo(timer, nanos.getAsLong());
    }
  }

  private static final class Delayed implements Disposable {

    private final long due;
    private volatile @Nullable Runnable work;
    private volatile @Nullable Disposable given;

    Delayed(Runnable work, long due) {
      this.work = work;
      this.due = due;
    }

    void giveTo(Scheduler timer, long now) {
      Runnable present = work;
      if (present == null) {
        return;
      }
      long left = Math.max(0, due - now);
      try {
        given = timer.schedule(present, left, TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException ended) {
        given = Disposables.disposed();
      }
      if (work == null) {
        dispose();
      }
    }

    @Override
    public void dispose() {
      work = null;
      Disposable present = given;
      if (present != null) {
        present.dispose();
      }
    }

    @Override
    public boolean isDisposed() {
      Disposable present = given;
      return work == null || (present != null && present.isDisposed());
    }
  }
}
