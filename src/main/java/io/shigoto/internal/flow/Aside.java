package io.shigoto.internal.flow;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Threads for code of the application that is called although no thread of its own is at hand: what
 * it does on cancel, what it is asked after its run was ended by something else. The node's timer
 * and the event loops have leases to keep; and a thread where workers are called may be held by the
 * very run that is to end.
 *
 * <p>All threads take from one queue, so a task that takes long holds up no other while there are
 * threads left. A delay is watched on the timer, and only what comes after it is done here.
 */
public final class Aside implements Scheduler {

  private static final Logger LOG = LoggerFactory.getLogger(Aside.class);
  private static final int MOST_THREADS = 32;
  private static final int IDLE_SECONDS = 10;

  private final Queue<Task> waiting = new ConcurrentLinkedQueue<>();
  private final Scheduler threads =
      Schedulers.newBoundedElastic(
          MOST_THREADS, Integer.MAX_VALUE, "shigoto-aside", IDLE_SECONDS, true);
  private final Scheduler timer;

  public Aside(Scheduler timer) {
    this.timer = timer;
  }

  @Override
  public Disposable schedule(Runnable work) {
    Task task = new Task(work);
    waiting.add(task);
    threads.schedule(this::takeAll);
    return task;
  }

  @Override
  public Disposable schedule(Runnable work, long delay, TimeUnit unit) {
    return timer.schedule(() -> schedule(work), delay, unit);
  }

  @Override
  public Worker createWorker() {
    Disposable.Composite tasks = Disposables.composite();
    return new Worker() {
      @Override
      public Disposable schedule(Runnable work) {
        Disposable task = Aside.this.schedule(work);
        tasks.add(task);
        return task;
      }

      @Override
      public void dispose() {
        tasks.dispose();
      }
    };
  }

  @Override
  public void dispose() {
    threads.dispose();
  }

  /** What is under way has a while to end. */
  @Override
  public Mono<Void> disposeGracefully() {
    return threads.disposeGracefully();
  }

  private void takeAll() {
    for (Task next = waiting.poll(); next != null; next = waiting.poll()) {
      next.run();
    }
  }

  private static final class Task implements Disposable {

    private final Runnable work;
    private volatile boolean disposed;

    Task(Runnable work) {
      this.work = work;
    }

    void run() {
      try {
        if (!disposed) {
          work.run();
        }
      } catch (Throwable broken) {
        LOG.atError()
            .addKeyValue("error", broken.getClass().getName())
            .log("something that was to be done aside failed");
      }
    }

    @Override
    public void dispose() {
      disposed = true;
    }
  }
}
