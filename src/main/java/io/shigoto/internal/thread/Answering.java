package io.shigoto.internal.thread;

import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoOperator;
import reactor.core.scheduler.Scheduler;
import reactor.util.context.Context;

/**
 * The one way by which calls of the application are answered: on threads of a crew, so that what
 * the caller does next is not done on an event loop or a timer of the node. What comes on one of
 * them goes on at once; once the crew has ended, each answer is heard where it comes.
 */
public final class Answering {

  private final Crew crew;
  private final Scheduler lasting = new Lasting();

  public Answering(Crew crew) {
    this.crew = crew;
  }

  /** The same answer, heard there. */
  public <T> Mono<T> of(Mono<T> answer) {
    return new MonoOperator<T, T>(answer) {
      @Override
      public void subscribe(CoreSubscriber<? super T> caller) {
        source.subscribe(new Answer<T>(caller));
      }
    };
  }

  /** The same answers, heard there. */
  public <T> Flux<T> of(Flux<T> answers) {
    return answers.publishOn(lasting);
  }

  /** Keeps what has come until its end has come too. */
  private final class Answer<T> implements CoreSubscriber<T>, Subscription, Runnable {

    private final CoreSubscriber<? super T> caller;
    private @Nullable Subscription source;
    private @Nullable T value;
    private @Nullable Throwable error;
    private volatile boolean cancelled;

    Answer(CoreSubscriber<? super T> caller) {
      this.caller = caller;
    }

    @Override
    public Context currentContext() {
      return caller.currentContext();
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      source = subscription;
      caller.onSubscribe(this);
    }

    @Override
    public void onNext(T answer) {
      value = answer;
    }

    @Override
    public void onError(Throwable failed) {
      error = failed;
      hand();
    }

    @Override
    public void onComplete() {
      hand();
    }

    private void hand() {
      if (crew.isHere()) {
        run();
      } else {
        lasting.schedule(this);
      }
    }

    @Override
    public void run() {
      if (cancelled) {
        return;
      }
      if (error != null) {
        caller.onError(error);
        return;
      }
      if (value != null) {
        caller.onNext(value);
      }
      caller.onComplete();
    }

    @Override
    public void request(long more) {
      if (source != null) {
        source.request(more);
      }
    }

    @Override
    public void cancel() {
      cancelled = true;
      if (source != null) {
        source.cancel();
      }
    }
  }

  private final class Lasting implements Scheduler {

    @Override
    public Disposable schedule(Runnable work) {
      try {
        return crew.schedule(work);
      } catch (RejectedExecutionException ended) {
        work.run();
        return Disposables.disposed();
      }
    }

    @Override
    public Worker createWorker() {
      return new OwnTasks(this);
    }
  }
}
