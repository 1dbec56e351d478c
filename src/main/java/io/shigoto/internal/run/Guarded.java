package io.shigoto.internal.run;

import io.shigoto.internal.job.Failure;
import io.shigoto.internal.thread.Crew;
import java.time.Duration;
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

  Guarded(Mono<? extends T> source) {
    super(source);
  }

  /**
   * Calls code of the application when subscribed: where workers are called, for no longer than it
   * may take. Whatever it does, there is a signal. It is cancelled aside, and what follows after
   * its time is over follows there.
   */
  public static <T> Mono<T> call(
      Supplier<Mono<T>> code, Duration timeout, Scheduler scheduler, Crew aside) {
    return new Call<>(code, timeout, scheduler, aside);
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
      source.subscribe(new Guard<>(actual));
    } catch (Throwable fatal) {
      Operators.error(actual, new WorkerBroke(fatal));
    }
  }

  /** Whatever the code of the application does on that. */
  static void cancel(Subscription subscription) {
    try {
      subscription.cancel();
    } catch (Throwable fatal) {
      LOG.atWarn()
          .addKeyValue("error", fatal.getClass().getName())
          .log("a worker failed on cancel");
    }
  }

  private static final class Guard<T> implements CoreSubscriber<T>, Subscription {

    private final CoreSubscriber<? super T> actual;
    private @Nullable Subscription source;

    Guard(CoreSubscriber<? super T> actual) {
      this.actual = actual;
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

    @Override
    public void cancel() {
      if (source != null) {
        Guarded.cancel(source);
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
