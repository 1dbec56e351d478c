package io.shigoto.internal.run;

import io.shigoto.internal.thread.Crew;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

/**
 * Code of the application, called when asked for: on a thread where it may be called, and for no
 * longer than it may take. What {@code defer}, {@code subscribeOn} and {@code timeout} do, in one
 * operator, because each run goes through it.
 */
final class Call<T> extends Mono<T> {

  private final Supplier<Mono<T>> code;
  private final Duration timeout;
  private final Scheduler scheduler;
  private final Crew aside;

  Call(Supplier<Mono<T>> code, Duration timeout, Scheduler scheduler, Crew aside) {
    this.code = code;
    this.timeout = timeout;
    this.scheduler = scheduler;
    this.aside = aside;
  }

  @Override
  public void subscribe(CoreSubscriber<? super T> actual) {
    actual.onSubscribe(new UnderWay<>(this, actual));
  }

  private void make(UnderWay<T> underWay) {
    try {
      made().subscribe(underWay);
    } catch (Throwable fatal) {
      underWay.onError(new Guarded.WorkerBroke(fatal));
    }
  }

  private Mono<T> made() {
    try {
      return Objects.requireNonNull(code.get(), "there is no Mono");
    } catch (VirtualMachineError | LinkageError fatal) {
      return Mono.error(new Guarded.WorkerBroke(fatal));
    } catch (Throwable thrown) {
      return Mono.error(thrown);
    }
  }

  /**
   * Whoever sets {@code over} gives the signal. A thread that is in the code is interrupted if
   * nobody wants its result any more.
   */
  private static final class UnderWay<T> implements CoreSubscriber<T>, Subscription, Runnable {

    private final Call<T> call;
    private final CoreSubscriber<? super T> actual;
    private final AtomicBoolean begun = new AtomicBoolean();
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile boolean unwanted;
    private volatile @Nullable Disposable alarm;
    private volatile @Nullable Disposable task;
    private volatile @Nullable Subscription source;

    UnderWay(Call<T> call, CoreSubscriber<? super T> actual) {
      this.call = call;
      this.actual = actual;
    }

    @Override
    public void request(long more) {
      if (Operators.validate(more) && begun.compareAndSet(false, true) && !over.get()) {
        try {
          begin();
        } catch (RejectedExecutionException refused) {
          onError(refused);
        }
      }
    }

    /** It may be over before the alarm is set. */
    private void begin() {
      alarm = call.aside.schedule(this::tooLate, call.timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (over.get()) {
        dispose(alarm);
      }
      task = call.scheduler.schedule(this);
      if (unwanted) {
        dispose(task);
      }
    }

    @Override
    public void run() {
      if (!over.get()) {
        call.make(this);
      }
    }

    @Override
    public Context currentContext() {
      return actual.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      source = subscription;
      if (unwanted) {
        Guarded.cancel(subscription);
      } else {
        subscription.request(Long.MAX_VALUE);
      }
    }

    @Override
    public void onNext(T value) {
      if (isFirst()) {
        actual.onNext(value);
        actual.onComplete();
      }
    }

    @Override
    public void onError(Throwable error) {
      if (isFirst()) {
        actual.onError(error);
      } else {
        Operators.onErrorDropped(error, currentContext());
      }
    }

    @Override
    public void onComplete() {
      if (isFirst()) {
        actual.onComplete();
      }
    }

    private void tooLate() {
      if (isFirst()) {
        leaveOff();
        actual.onError(new RunTimeout(call.timeout));
      }
    }

    /** Not on a thread that must not wait: timers and event loops are such. */
    @Override
    public void cancel() {
      if (!isFirst()) {
        return;
      }
      if (!Schedulers.isInNonBlockingThread()) {
        leaveOff();
        return;
      }
      try {
        call.aside.schedule(this::leaveOff);
      } catch (RejectedExecutionException theNodeHasStopped) {
        leaveOff();
      }
    }

    private boolean isFirst() {
      boolean first = over.compareAndSet(false, true);
      if (first) {
        dispose(alarm);
      }
      return first;
    }

    private void leaveOff() {
      unwanted = true;
      dispose(task);
      Subscription present = source;
      if (present != null) {
        Guarded.cancel(present);
      }
    }

    private static void dispose(@Nullable Disposable present) {
      if (present != null) {
        present.dispose();
      }
    }
  }
}
