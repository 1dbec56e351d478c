package io.shigoto.internal.broadcast;

import io.shigoto.internal.flow.Detached;
import io.shigoto.internal.flow.Nudge;
import io.shigoto.internal.flow.Slots;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The messages of one topic that this node has not handled yet. They wait here as ids; only what is
 * about to be handled is read. A message that failed steps aside, and others go on meanwhile.
 */
final class Mailbox {

  /** So many are read at once, and each may be as large as a payload may be. */
  private static final int PAGE = 32;

  private final Topic topic;
  private final Contents contents;
  private final Attempts attempts;
  private final Scheduler timer;
  private final Queue<Letter> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicLong open = new AtomicLong();
  private final Nudge arrived = new Nudge();

  Mailbox(Topic topic, Contents contents, Attempts attempts, Scheduler timer) {
    this.topic = topic;
    this.contents = contents;
    this.attempts = attempts;
    this.timer = timer;
  }

  String topic() {
    return topic.name();
  }

  /** How many are neither handled nor given up. */
  long open() {
    return open.get();
  }

  /** Takes in messages that the node has just learned of. */
  void add(List<Long> ids) {
    open.addAndGet(ids.size());
    ids.forEach(id -> waiting.add(Letter.first(id)));
    arrived.give();
  }

  /**
   * Handles messages while subscribed. Never fails. Completes when the node drains and what was
   * under way has ended.
   */
  Mono<Void> flow(Publisher<?> drained) {
    Flux<Letter> letters =
        arrived
            .looks()
            .concatMap(look -> page(), 0)
            .concatMapIterable(page -> page, 1)
            .takeUntilOther(drained);
    return Slots.merge(letters, topic.concurrency(), this::handle).then();
  }

  /** The look that follows a page finds what is left. */
  private Mono<List<Letter>> page() {
    return Mono.fromSupplier(this::take)
        .filter(taken -> !taken.isEmpty())
        .flatMap(contents::of)
        .doOnNext(read -> arrived.give());
  }

  private List<Letter> take() {
    List<Letter> taken = new ArrayList<>();
    while (taken.size() < PAGE) {
      Letter next = waiting.poll();
      if (next == null) {
        break;
      }
      taken.add(next);
    }
    return taken;
  }

  private Mono<Verdict> handle(Letter letter) {
    return attempts.at(letter, topic).doOnNext(verdict -> conclude(letter, verdict));
  }

  private void conclude(Letter letter, Verdict verdict) {
    if (verdict instanceof Verdict.Again again) {
      Detached.start(later(letter.again(), again.pause()));
    } else {
      open.decrementAndGet();
    }
  }

  /** The timer goes with the node, and what is left then with both. */
  private Mono<Long> later(Letter letter, Duration pause) {
    return Mono.delay(pause, timer)
        .doOnNext(
            due -> {
              waiting.add(letter);
              arrived.give();
            })
        .onErrorComplete(RejectedExecutionException.class);
  }
}
