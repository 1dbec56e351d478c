package io.shigoto.internal.flow;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/** One Mono that is under way in {@link Slots}, which it tells of its end once. */
final class Slot<T, R> implements CoreSubscriber<R> {

  private final Slots.Main<T, R> main;
  private final int number;
  private volatile @Nullable Subscription subscription;
  private volatile boolean cancelled;
  private boolean emitted;

  /**
   * @param number to find it by among the others
   */
  Slot(Slots.Main<T, R> main, int number) {
    this.main = main;
    this.number = number;
  }

  @Override
  public Context currentContext() {
    return main.currentContext();
  }

  @Override
  public void onSubscribe(Subscription subscription) {
    this.subscription = subscription;
    if (cancelled) {
      subscription.cancel();
    } else {
      subscription.request(Long.MAX_VALUE);
    }
  }

  @Override
  public void onNext(R result) {
    if (!emitted) {
      emitted = true;
      main.result(this, result);
    }
  }

  @Override
  public void onError(Throwable failure) {
    if (emitted) {
      Operators.onErrorDropped(failure, currentContext());
    } else {
      main.failed(this, failure);
    }
  }

  @Override
  public void onComplete() {
    if (!emitted) {
      emitted = true;
      main.empty(this);
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other;
  }

  /** The one that each object has takes longer to come by than the rest of what is done here. */
  @Override
  public int hashCode() {
    return number;
  }

  void cancel() {
    cancelled = true;
    Subscription present = subscription;
    if (present != null) {
      present.cancel();
    }
  }
}
