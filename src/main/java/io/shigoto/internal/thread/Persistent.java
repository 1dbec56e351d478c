package io.shigoto.internal.thread;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.scheduler.Scheduler;

/**
 * A scheduler of the application's. What it refuses, because it is full, is offered to it again
 * until it takes it or nobody wants it any more: a run that no thread takes has neither begun nor
 * failed. It keeps its slot meanwhile, so that no more are claimed than can begin.
 */
public final class Persistent implements Scheduler {

  private static final Logger LOG = LoggerFactory.getLogger(Persistent.class);
  private static final long PAUSE_MILLIS = 100;

  /** After so long without a refusal the next one is news. */
  private static final long RECOVERED_SECONDS = 10;

  private final Scheduler given;
  private final Scheduler aside;
  private final AtomicBoolean refusing = new AtomicBoolean();
  private volatile boolean refusedSince;

  /**
   * @param aside where it is offered again
   */
  public Persistent(Scheduler given, Scheduler aside) {
    this.given = given;
    this.aside = aside;
  }

  @Override
  public Disposable schedule(Runnable work) {
    try {
      return given.schedule(work);
    } catch (RejectedExecutionException full) {
      Offer offer = new Offer(work);
      offer.later();
      return offer;
    }
  }

  @Override
  public Worker createWorker() {
    return new OwnTasks(this);
  }

  /** Says so once while it goes on refusing. */
  private void refused() {
    refusedSince = true;
    if (refusing.compareAndSet(false, true)) {
      LOG.atWarn()
          .addKeyValue("scheduler", given::toString)
          .log("the worker scheduler takes no more, runs wait for it");
      lookLater();
    }
  }

  private void lookLater() {
    refusedSince = false;
    aside.schedule(this::lookWhetherItIsOver, RECOVERED_SECONDS, TimeUnit.SECONDS);
  }

  /** What waits is offered many times meanwhile. */
  private void lookWhetherItIsOver() {
    if (refusedSince) {
      lookLater();
    } else {
      refusing.set(false);
      LOG.atInfo()
          .addKeyValue("scheduler", given::toString)
          .log("the worker scheduler takes all runs again");
    }
  }

  private final class Offer implements Runnable, Disposable {

    private final Runnable work;
    private final Disposable.Swap taken = Disposables.swap();

    Offer(Runnable work) {
      this.work = work;
    }

    void later() {
      aside.schedule(this, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
      refused();
    }

    @Override
    public void run() {
      if (taken.isDisposed()) {
        return;
      }
      try {
        taken.replace(given.schedule(work));
      } catch (RejectedExecutionException full) {
        later();
      }
    }

    @Override
    public void dispose() {
      taken.dispose();
    }
  }
}
