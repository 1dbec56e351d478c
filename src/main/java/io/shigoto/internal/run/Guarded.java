package io.shigoto.internal.run;

import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoOperator;
import reactor.core.publisher.Operators;

/**
 * Makes an error of what Reactor lets pass: it rethrows what it holds for fatal to the JVM
 * (LinkageError, StackOverflowError, OutOfMemoryError) without any signal, and a run that never
 * ends would hold its slot until its timeout. What is thrown out of subscribe, which is where
 * workers do most of their work, becomes an error here.
 */
final class Guarded<T> extends MonoOperator<T, T> {

  Guarded(Mono<? extends T> source) {
    super(source);
  }

  @Override
  public void subscribe(CoreSubscriber<? super T> actual) {
    try {
      source.subscribe(actual);
    } catch (Throwable fatal) {
      Operators.error(actual, new WorkerBroke(fatal));
    }
  }

  /** A worker threw something that is no Exception. */
  static final class WorkerBroke extends RuntimeException {

    private static final long serialVersionUID = 1L;

    WorkerBroke(Throwable cause) {
      super(cause.toString(), cause);
    }
  }
}
