package io.shigoto.internal.flow;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoOperator;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * Work that runs to its end whatever its caller does. A cancel or a deadline reaches only the
 * caller's side: the work goes on, and what it delivers then is handed to {@code late}. Every
 * result has exactly one taker, however close it comes to a cancel: the subscriber, or {@code
 * late}.
 *
 * <p>That holds for the subscriber right behind it. An operator in between may drop what meets a
 * cancel, {@code timeout} above all: hence the deadline in here.
 *
 * <p>This is the one place where the library subscribes on its own account.
 */
public final class Detached {

  private static final Logger LOG = LoggerFactory.getLogger(Detached.class);

  private Detached() {}

  /**
   * The same work, which a cancel no longer reaches; a result that nobody waits for any more is
   * dropped.
   */
  public static <T> Mono<T> of(Mono<T> work) {
    return of(work, dropped -> {});
  }

  /**
   * The same work, which a cancel no longer reaches; a result that nobody waits for any more goes
   * to {@code late}.
   */
  public static <T> Mono<T> of(Mono<T> work, Consumer<? super T> late) {
    return new Started<>(work, late, alarm -> Disposables.disposed());
  }

  /**
   * The same work, whose caller waits no longer than the deadline: then it gets a {@link
   * TimeoutException}. The work starts and goes on all the same.
   */
  public static <T> Mono<T> within(
      Duration deadline, Scheduler timer, Mono<T> work, Consumer<? super T> late) {
    return new Started<>(
        work, late, alarm -> timer.schedule(alarm, deadline.toNanos(), TimeUnit.NANOSECONDS));
  }

  /** Starts work for which nobody waits. It has to deal with its own errors. */
  public static void start(Mono<?> work) {
    work.subscribe();
  }

  /** Sets the alarm of a deadline, if there is one. */
  private interface Deadline {
    Disposable set(Runnable alarm);
  }

  private static final class Started<T> extends MonoOperator<T, T> {

    private final Consumer<? super T> late;
    private final Deadline deadline;

    Started(Mono<T> work, Consumer<? super T> late, Deadline deadline) {
      super(work);
      this.late = late;
      this.deadline = deadline;
    }

    @Override
    public void subscribe(CoreSubscriber<? super T> caller) {
      Handover<T> handover = new Handover<>(caller, late);
      caller.onSubscribe(handover);
      handover.endsBy(deadline);
      source.subscribe(handover);
    }
  }

  /** Between the work and its caller. Whoever moves it to OVER decides who gets the result. */
  private static final class Handover<T> implements CoreSubscriber<T>, Subscription {

    private enum Stage {
      NOT_ASKED,
      ASKED,
      /** The result is there and was not asked for. */
      HELD,
      OVER
    }

    private final CoreSubscriber<? super T> caller;
    private final Consumer<? super T> late;
    private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.NOT_ASKED);
    private final Disposable.Swap alarm = Disposables.swap();
    private volatile @Nullable T held;

    Handover(CoreSubscriber<? super T> caller, Consumer<? super T> late) {
      this.caller = caller;
      this.late = late;
    }

    void endsBy(Deadline deadline) {
      try {
        alarm.update(deadline.set(this::tooLate));
      } catch (RejectedExecutionException timerIsGone) {
        tooLate();
      }
    }

    @Override
    public Context currentContext() {
      return caller.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(T result) {
      alarm.dispose();
      held = result;
      if (stage.compareAndSet(Stage.NOT_ASKED, Stage.HELD)) {
        return;
      }
      if (stage.compareAndSet(Stage.ASKED, Stage.OVER)) {
        deliver();
      } else {
        late.accept(result);
      }
    }

    @Override
    public void onError(Throwable error) {
      if (endsWithoutResult()) {
        caller.onError(error);
      } else {
        LOG.atDebug().addKeyValue("error", error::toString).log("failed after its caller had gone");
      }
    }

    @Override
    public void onComplete() {
      if (endsWithoutResult()) {
        caller.onComplete();
      }
    }

    @Override
    public void request(long n) {
      if (Operators.validate(n)
          && !stage.compareAndSet(Stage.NOT_ASKED, Stage.ASKED)
          && stage.compareAndSet(Stage.HELD, Stage.OVER)) {
        deliver();
      }
    }

    @Override
    public void cancel() {
      alarm.dispose();
      if (stage.getAndSet(Stage.OVER) == Stage.HELD) {
        late.accept(Objects.requireNonNull(held));
      }
    }

    private void tooLate() {
      if (endsWithoutResult()) {
        caller.onError(new TimeoutException("the deadline has passed"));
      }
    }

    private boolean endsWithoutResult() {
      alarm.dispose();
      return stage.compareAndSet(Stage.NOT_ASKED, Stage.OVER)
          || stage.compareAndSet(Stage.ASKED, Stage.OVER);
    }

    private void deliver() {
      caller.onNext(Objects.requireNonNull(held));
      caller.onComplete();
    }
  }
}
