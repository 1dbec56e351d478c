package io.shigoto.internal.permit;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/** An immutable state that many threads change by pure functions. */
final class Kept<S> {

  private final AtomicReference<S> state;

  Kept(S first) {
    this.state = new AtomicReference<>(first);
  }

  S get() {
    return Objects.requireNonNull(state.get());
  }

  /** Whether it was {@code before}, this very one, and is {@code after} now. */
  boolean replace(S before, S after) {
    return before == after || state.compareAndSet(before, after);
  }

  void change(UnaryOperator<S> change) {
    change(change, (before, after) -> {});
  }

  /**
   * @param then told of both states, once, unless they are the same
   */
  void change(UnaryOperator<S> change, BiConsumer<S, S> then) {
    while (true) {
      S before = get();
      S after = change.apply(before);
      if (before == after) {
        return;
      }
      if (state.compareAndSet(before, after)) {
        then.accept(before, after);
        return;
      }
    }
  }
}
