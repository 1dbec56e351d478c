package io.shigoto.internal.limit;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/** An immutable state that many threads change by pure functions. */
public final class Kept<S> {

  private final AtomicReference<S> state;

  public Kept(S first) {
    this.state = new AtomicReference<>(first);
  }

  public S get() {
    return Objects.requireNonNull(state.get());
  }

  /** Whether it was {@code before}, this very one, and is {@code after} now. */
  public boolean replace(S before, S after) {
    return before == after || state.compareAndSet(before, after);
  }

  public void change(UnaryOperator<S> change) {
    change(change, (before, after) -> {});
  }

  /**
   * Changes it, and tells what it was and what it is.
   *
   * @param then told of both states, once, unless they are the same
   */
  public void change(UnaryOperator<S> change, BiConsumer<S, S> then) {
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
