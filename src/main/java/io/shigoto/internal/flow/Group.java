package io.shigoto.internal.flow;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Items that are written together. If one of them is refused, the group is halved until that item
 * stands alone, so that it fails only its own submitter.
 */
record Group<T, R>(Rules<T, R> rules, List<Entry<T, R>> entries) {

  int size() {
    return entries.size();
  }

  /**
   * Writes the items and answers their submitters; never fails.
   *
   * @param onCommitted run once the whole group is committed and its results are handed on; not if
   *     it was refused or failed
   */
  Mono<Void> written(@Nullable Runnable onCommitted) {
    List<T> items = entries.stream().map(Entry::item).toList();
    Mono<List<R>> results = Mono.defer(() -> rules.commit.apply(items));
    Mono<List<R>> handedOn = onCommitted == null ? results : andThen(results, onCommitted);
    return rules
        .way
        .apply(items, handedOn)
        .doOnNext(this::answer)
        .then()
        .onErrorResume(this::failed);
  }

  private static <R> Mono<R> andThen(Mono<R> results, Runnable onCommitted) {
    AtomicBoolean committed = new AtomicBoolean();
    return results
        .doOnNext(present -> committed.set(true))
        .doAfterTerminate(
            () -> {
              if (committed.get()) {
                onCommitted.run();
              }
            });
  }

  private void answer(List<R> results) {
    for (int i = 0; i < entries.size(); i++) {
      entries.get(i).sink.success(results.get(i));
    }
  }

  private Mono<Void> failed(Throwable error) {
    if (rules.refusal.test(error) && entries.size() > 1) {
      int middle = entries.size() / 2;
      return part(0, middle).then(part(middle, entries.size()));
    }
    entries.forEach(entry -> entry.sink.error(error));
    return Mono.empty();
  }

  private Mono<Void> part(int from, int to) {
    return new Group<>(rules, entries.subList(from, to)).written(null);
  }

  /** An item, and who waits for its result. */
  record Entry<T, R>(T item, MonoSink<R> sink) {}

  /** How items are written; see {@link GroupCommit}. */
  record Rules<T, R>(
      Function<List<T>, Mono<List<R>>> commit,
      Predicate<Throwable> refusal,
      ToIntFunction<T> weight,
      int size,
      BiFunction<List<T>, Mono<List<R>>, Mono<List<R>>> way) {}
}
