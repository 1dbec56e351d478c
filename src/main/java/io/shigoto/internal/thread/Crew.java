package io.shigoto.internal.thread;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.scheduler.NonBlocking;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Threads that take from one queue: a task that takes long holds up no other while there is a
 * thread left. A delay is watched on the timer, and only what comes after it is done here. Tasks of
 * one {@link Scheduler.Worker} may run at the same time.
 *
 * <p>The protocol: a thread that finds nothing to do looks for a moment longer before it goes, one
 * of them at a time, because to wake one takes longer than most tasks. Whoever adds a task while
 * somebody looks leaves it to him; else one more thread is called, unless all are there. One that
 * has found what it looked for, or has just come, calls another if there is more, and one that goes
 * looks once more after it is counted out. So no task is left while a thread has nothing to do.
 */
public final class Crew implements Scheduler {

  private static final Logger LOG = LoggerFactory.getLogger(Crew.class);
  private static final int IDLE_SECONDS = 10;

  /** Whose the present thread is, for as long as it lives. */
  private static final ThreadLocal<@Nullable Crew> HERE = new ThreadLocal<>();

  /** Some microseconds. */
  private static final int LOOKS = 500;

  private final Queue<Task> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger present = new AtomicInteger();
  private final AtomicInteger looking = new AtomicInteger();
  private final ExecutorService threads;
  private final int most;
  private final Delays delays;

  private Crew(ExecutorService threads, int most, Delays delays) {
    this.threads = threads;
    this.most = most;
    this.delays = delays;
  }

  /**
   * For code of the application that is called although no thread of its own is at hand: what it
   * does on cancel, what it is asked after its run was ended by something else, what listens. The
   * node's timer and the event loops have leases to keep; and a thread where workers are called may
   * be held by the very run that is to end. These may wait: there are as many threads as tasks that
   * are under way, so that none is held up by another, and they go when they had nothing to do for
   * a while.
   *
   * @param nanos a clock for elapsed time, the one by which the timer goes
   */
  public static Crew aside(String name, Scheduler timer, LongSupplier nanos) {
    ExecutorService threads =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            named(name, Thread::new));
    return new Crew(threads, Integer.MAX_VALUE, new Delays(timer, nanos));
  }

  /**
   * For what does not wait: as many threads as there are processors, marked as non-blocking. They
   * wait for work in the one kind of queue in which BlockHound lets such threads wait.
   *
   * @param nanos a clock for elapsed time, the one by which the timer goes
   */
  public static Crew parallel(String name, Scheduler timer, LongSupplier nanos) {
    int most = Runtime.getRuntime().availableProcessors();
    ExecutorService threads =
        Executors.newScheduledThreadPool(most, named(name, NonBlockingThread::new));
    return new Crew(threads, most, new Delays(timer, nanos));
  }

  private static ThreadFactory named(String name, BiFunction<Runnable, String, Thread> maker) {
    AtomicInteger made = new AtomicInteger();
    return task -> {
      Thread thread = maker.apply(task, name + "-" + made.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  @Override
  public Disposable schedule(Runnable work) {
    Task task = new Task(Schedulers.onSchedule(work));
    waiting.add(task);
    try {
      if (isDisposed()) {
        throw new RejectedExecutionException("these threads have ended");
      } else if (looking.get() == 0) {
        call();
      }
    } catch (RejectedExecutionException disposed) {
      if (waiting.remove(task)) {
        throw disposed;
      }
    }
    return task;
  }

  @Override
  public Disposable schedule(Runnable work, long delay, TimeUnit unit) {
    return delays.add(() -> schedule(work), unit.toNanos(delay));
  }

  @Override
  public Worker createWorker() {
    return new OwnTasks(this);
  }

  /** Interrupts what is under way. Not to be called on a thread that must not wait. */
  @Override
  public void dispose() {
    threads.shutdownNow();
  }

  /** What was taken is done. Not to be called on a thread that must not wait. */
  public void end() {
    threads.shutdown();
  }

  @Override
  public boolean isDisposed() {
    return threads.isShutdown();
  }

  /** One more thread, unless all are there. */
  private void call() {
    if (enter()) {
      try {
        threads.execute(this::work);
      } catch (RejectedExecutionException disposed) {
        present.decrementAndGet();
        throw disposed;
      } catch (OutOfMemoryError noThread) {
        // The machine has no more of them: those that are there do it in their turn.
        if (present.decrementAndGet() == 0) {
          throw new RejectedExecutionException(noThread);
        }
      }
    }
  }

  private boolean enter() {
    int before = present.get();
    while (before < most) {
      if (present.compareAndSet(before, before + 1)) {
        return true;
      }
      before = present.get();
    }
    return false;
  }

  /** Whether this is one of the threads. */
  boolean isHere() {
    return HERE.get() == this;
  }

  private void work() {
    HERE.set(this);
    do {
      try {
        workOff();
      } finally {
        present.decrementAndGet();
      }
    } while (!waiting.isEmpty() && enter());
  }

  private void workOff() {
    Task next = next();
    if (next != null) {
      callAnotherIfThereIsMore();
    }
    while (next != null) {
      next.run();
      if (!isDisposed()) {
        // What a task leaves of it is not for the next one.
        Thread.interrupted();
      }
      next = next();
    }
  }

  private @Nullable Task next() {
    @Nullable Task next = waiting.poll();
    if (next != null || !looking.compareAndSet(0, 1)) {
      return next;
    }
    try {
      for (int looks = 0; next == null && looks < LOOKS; looks++) {
        next = waiting.poll();
      }
    } finally {
      looking.set(0);
    }
    if (next == null) {
      next = waiting.poll();
    }
    if (next != null) {
      callAnotherIfThereIsMore();
    }
    return next;
  }

  private void callAnotherIfThereIsMore() {
    try {
      if (!waiting.isEmpty()) {
        call();
      }
    } catch (RejectedExecutionException disposed) {
      // This one works off what is left.
    }
  }

  private static final class Task extends FutureTask<@Nullable Void> implements Disposable {

    private volatile @Nullable Thread thread;

    Task(Runnable work) {
      super(work, null);
    }

    @Override
    public void run() {
      thread = Thread.currentThread();
      super.run();
    }

    /** Interrupts it if it runs, unless it is itself that calls. */
    @Override
    public void dispose() {
      cancel(thread != Thread.currentThread());
    }

    @Override
    public boolean isDisposed() {
      return isDone();
    }

    @Override
    protected void setException(Throwable broken) {
      super.setException(broken);
      if (!isCancelled()) {
        LOG.atError()
            .addKeyValue("error", broken.getClass().getName())
            .log("a task of a thread of the node failed");
      }
    }
  }

  /** Reactor refuses to block in it. */
  private static final class NonBlockingThread extends Thread implements NonBlocking {

    NonBlockingThread(Runnable task, String name) {
      super(task, name);
    }
  }
}
