package io.shigoto.internal.flow;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.util.context.Context;

/**
 * Work that runs to its end whatever its caller does. A cancel reaches only the caller's side: the
 * work goes on, and what it would have delivered is handed to {@code late}.
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
    return Mono.create(caller -> work.subscribe(new Bridge<>(caller, late)));
  }

  /** Starts work for which nobody waits. It has to deal with its own errors. */
  public static void start(Mono<?> work) {
    work.subscribe();
  }

  private static final class Bridge<T> implements CoreSubscriber<T> {

    private final MonoSink<T> caller;
    private final Consumer<? super T> late;
    private final AtomicBoolean settled = new AtomicBoolean();

    Bridge(MonoSink<T> caller, Consumer<? super T> late) {
      this.caller = caller;
      this.late = late;
      caller.onDispose(() -> settled.set(true));
    }

    @Override
    public Context currentContext() {
      return Context.of(caller.contextView());
    }

    @Override
    public void onSubscribe(Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(T value) {
      if (settled.compareAndSet(false, true)) {
        caller.success(value);
      } else {
        late.accept(value);
      }
    }

    @Override
    public void onError(Throwable error) {
      if (settled.compareAndSet(false, true)) {
        caller.error(error);
      } else {
        LOG.debug("failed after its caller had gone: error={}", error.toString());
      }
    }

    @Override
    public void onComplete() {
      if (settled.compareAndSet(false, true)) {
        caller.success();
      }
    }
  }
}
