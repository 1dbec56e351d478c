package io.shigoto.internal.run;

import io.shigoto.internal.flow.Crew;
import io.shigoto.internal.job.Failure;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoOperator;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

/**
 * Makes an error of what Reactor lets pass: it rethrows what it holds for fatal to the JVM
 * (LinkageError, StackOverflowError, OutOfMemoryError) without any signal, and a run that never
 * ends would hold its slot until its timeout. What is thrown out of subscribe, which is where
 * workers do most of their work, becomes an error here. What is thrown out of cancel ends here: it
 * would keep whoever cancels, the timeout too, from going on.
 */
public final class Guarded<T> extends MonoOperator<T, T> {

  private static final Logger LOG = LoggerFactory.getLogger(Guarded.class);

  /** Reactor's key for what is done with such errors of one pipeline. */
  private static final String ON_ERROR_DROPPED = "reactor.onErrorDropped.local";

  private final @Nullable Crew aside;

  /** Is cancelled wherever it is. */
  Guarded(Mono<? extends T> source) {
    this(source, null);
  }

  private Guarded(Mono<? extends T> source, @Nullable Crew aside) {
    super(source);
    this.aside = aside;
  }

  /**
   * Calls code of the application when subscribed: where workers are called, for no longer than it
   * may take. Whatever it does, there is a signal. It is cancelled aside, and what follows after
   * its time is over follows there.
   */
  public static <T> Mono<T> call(
      Supplier<Mono<T>> code, Duration timeout, Scheduler scheduler, Crew aside) {
    return new Guarded<>(Mono.defer(code), aside)
        .subscribeOn(scheduler)
        .timeout(timeout, Mono.error(() -> new RunTimeout(timeout)), aside);
  }

  /**
   * What comes when nobody listens any more, such as an error after a cancel, is not told by its
   * message, as Reactor would: that is the application's, and may quote arguments.
   */
  public static Context quietly(Context outer) {
    Consumer<Throwable> dropped =
        error ->
            LOG.atDebug()
                .addKeyValue("error", thrown(error).getClass().getName())
                .addKeyValue("at", Failure.place(error))
                .log("an error came when nobody listened any more");
    return outer.put(ON_ERROR_DROPPED, dropped);
  }

  /** What the application threw. */
  public static Throwable thrown(Throwable error) {
    return error instanceof WorkerBroke && error.getCause() != null ? error.getCause() : error;
  }

  @Override
  public void subscribe(CoreSubscriber<? super T> actual) {
    try {
      source.subscribe(new Guard<>(actual, aside));
    } catch (Throwable fatal) {
      Operators.error(actual, new WorkerBroke(fatal));
    }
  }

  private static final class Guard<T> implements CoreSubscriber<T>, Subscription {

    private final CoreSubscriber<? super T> actual;
    private final @Nullable Crew aside;
    private @Nullable Subscription source;

    Guard(CoreSubscriber<? super T> actual, @Nullable Crew aside) {
      this.actual = actual;
      this.aside = aside;
    }

    @Override
    public Context currentContext() {
      return actual.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      source = subscription;
      actual.onSubscribe(this);
    }

    @Override
    public void onNext(T value) {
      actual.onNext(value);
    }

    @Override
    public void onError(Throwable error) {
      actual.onError(error);
    }

    @Override
    public void onComplete() {
      actual.onComplete();
    }

    @Override
    public void request(long more) {
      if (source != null) {
        source.request(more);
      }
    }

    /** Not on a thread that must not wait: timers and event loops are such. */
    @Override
    public void cancel() {
      if (aside == null || !Schedulers.isInNonBlockingThread()) {
        cancelHere();
        return;
      }
      try {
        aside.schedule(this::cancelHere);
      } catch (RejectedExecutionException theNodeHasStopped) {
        cancelHere();
      }
    }

    private void cancelHere() {
      try {
        if (source != null) {
          source.cancel();
        }
      } catch (Throwable fatal) {
        LOG.atWarn()
            .addKeyValue("error", fatal.getClass().getName())
            .log("a worker failed on cancel");
      }
    }
  }

  /** A worker threw something that is no Exception. */
  static final class WorkerBroke extends RuntimeException {

    private static final long serialVersionUID = 1L;

    WorkerBroke(Throwable cause) {
      super(Failure.text(cause), cause);
    }
  }
}
