package io.shigoto.internal.thread;

import java.util.concurrent.RejectedExecutionException;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.Exceptions;
import reactor.core.scheduler.Scheduler;

/**
 * Tasks that one owner gives to a scheduler, and may call off together. Those that are over, or
 * were called off, are forgotten.
 */
final class OwnTasks implements Scheduler.Worker {

  private final Scheduler scheduler;
  private final Disposable.Composite under = Disposables.composite();

  OwnTasks(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  @Override
  public Disposable schedule(Runnable work) {
    Own task = new Own(work);
    if (!under.add(task)) {
      throw Exceptions.failWithRejected();
    }
    try {
      task.given.update(scheduler.schedule(task));
    } catch (RejectedExecutionException refused) {
      under.remove(task);
      throw refused;
    }
    return task;
  }

  @Override
  public void dispose() {
    under.dispose();
  }

  @Override
  public boolean isDisposed() {
    return under.isDisposed();
  }

  /** How many are neither over nor called off. */
  int size() {
    return under.size();
  }

  private final class Own implements Runnable, Disposable {

    private final Runnable work;
    private final Disposable.Swap given = Disposables.swap();

    Own(Runnable work) {
      this.work = work;
    }

    @Override
    public void run() {
      try {
        work.run();
      } finally {
        under.remove(this);
      }
    }

    @Override
    public void dispose() {
      under.remove(this);
      given.dispose();
    }

    @Override
    public boolean isDisposed() {
      return given.isDisposed();
    }
  }
}
