package io.shigoto.internal.flow;

import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * {@code flatMap} for Monos in which an element costs the same however many are under way at once:
 * Reactor's own looks at every one of them whenever one ends.
 *
 * <p>The demand it shows upstream is the number of free slots. A slot is free again when its result
 * has been taken downstream, or when it ended empty. An error of the source or of any Mono ends the
 * stream and cancels the others.
 *
 * <p>The protocol: results wait in a queue; one thread at a time hands them on (whoever raises
 * {@code handing} from zero), the others leave it a note.
 */
public final class Slots {

  private Slots() {}

  /** Runs at most so many Monos at a time and emits their results as they come. */
  public static <T, R> Flux<R> merge(Flux<T> source, int slots, Function<T, Mono<R>> work) {
    return Flux.from(
        (Publisher<R>)
            actual ->
                source.subscribe(new Main<>(Operators.toCoreSubscriber(actual), slots, work)));
  }

  static final class Main<T, R> implements CoreSubscriber<T>, Subscription {

    private final CoreSubscriber<? super R> actual;

    /** Each Mono asks for it several times, and it is a long way downstream. */
    private final Context context;

    private final int slots;
    private final Function<T, Mono<R>> work;
    private final Queue<R> results = new ConcurrentLinkedQueue<>();
    private final Set<Slot<T, R>> busy = ConcurrentHashMap.newKeySet();
    private final AtomicInteger pending = new AtomicInteger(1);
    private final AtomicInteger handing = new AtomicInteger();
    private final AtomicLong demand = new AtomicLong();
    private final AtomicBoolean ended = new AtomicBoolean();
    private int begun;
    private volatile @Nullable Throwable error;
    private @Nullable Subscription source;

    Main(CoreSubscriber<? super R> actual, int slots, Function<T, Mono<R>> work) {
      this.actual = actual;
      this.context = actual.currentContext();
      this.slots = slots;
      this.work = work;
    }

    @Override
    public Context currentContext() {
      return context;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      source = subscription;
      actual.onSubscribe(this);
      subscription.request(slots);
    }

    @Override
    public void onNext(T element) {
      pending.incrementAndGet();
      Slot<T, R> slot = new Slot<>(this, ++begun);
      busy.add(slot);
      if (ended.get()) {
        slot.cancel();
        return;
      }
      try {
        work.apply(element).subscribe(slot);
      } catch (Throwable thrown) {
        fail(thrown);
      }
    }

    @Override
    public void onError(Throwable failure) {
      fail(failure);
    }

    /** The source itself is one of those that are pending. */
    @Override
    public void onComplete() {
      pending.decrementAndGet();
      hand();
    }

    @Override
    public void request(long more) {
      demand.accumulateAndGet(more, Operators::addCap);
      hand();
    }

    @Override
    public void cancel() {
      if (ended.compareAndSet(false, true)) {
        cancelAll();
      }
    }

    private void cancelAll() {
      Subscription upstream = source;
      if (upstream != null) {
        upstream.cancel();
      }
      busy.forEach(Slot::cancel);
    }

    void result(Slot<T, R> slot, R result) {
      busy.remove(slot);
      results.add(result);
      hand();
    }

    void empty(Slot<T, R> slot) {
      busy.remove(slot);
      pending.decrementAndGet();
      free(1);
      hand();
    }

    void failed(Slot<T, R> slot, Throwable failure) {
      busy.remove(slot);
      fail(failure);
    }

    private void fail(Throwable failure) {
      error = failure;
      hand();
    }

    private void free(long slots) {
      Subscription upstream = source;
      if (upstream != null) {
        upstream.request(slots);
      }
    }

    private void hand() {
      if (handing.getAndIncrement() != 0) {
        return;
      }
      int notes = 1;
      do {
        handNow();
        notes = handing.addAndGet(-notes);
      } while (notes != 0);
    }

    private void handNow() {
      Throwable failure = error;
      if (failure != null) {
        if (ended.compareAndSet(false, true)) {
          cancelAll();
          actual.onError(failure);
        }
        return;
      }
      long taken = 0;
      while (taken < demand.get() && !ended.get()) {
        R result = results.poll();
        if (result == null) {
          break;
        }
        actual.onNext(result);
        pending.decrementAndGet();
        taken++;
      }
      if (taken > 0) {
        if (demand.get() != Long.MAX_VALUE) {
          demand.addAndGet(-taken);
        }
        free(taken);
      }
      if (pending.get() == 0 && ended.compareAndSet(false, true)) {
        actual.onComplete();
      }
    }
  }
}
