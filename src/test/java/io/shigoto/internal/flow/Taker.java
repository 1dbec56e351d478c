package io.shigoto.internal.flow;

import java.util.concurrent.atomic.AtomicInteger;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;

/** Counts all that reaches it: an operator of Reactor's would drop what it gets after a cancel. */
final class Taker implements CoreSubscriber<String> {

  private final int asks;
  private final AtomicInteger taken = new AtomicInteger();
  private final AtomicInteger ends = new AtomicInteger();
  private Subscription subscription;

  /**
   * @param asks what it asks for when it subscribes
   */
  Taker(int asks) {
    this.asks = asks;
  }

  @Override
  public void onSubscribe(Subscription given) {
    subscription = given;
    if (asks > 0) {
      given.request(asks);
    }
  }

  @Override
  public void onNext(String value) {
    taken.incrementAndGet();
  }

  @Override
  public void onError(Throwable error) {
    ends.incrementAndGet();
  }

  @Override
  public void onComplete() {
    ends.incrementAndGet();
  }

  void request(int n) {
    subscription.request(n);
  }

  void cancel() {
    subscription.cancel();
  }

  /** How many results it got. */
  int taken() {
    return taken.get();
  }

  /** How many errors and completions it got. */
  int ends() {
    return ends.get();
  }
}
