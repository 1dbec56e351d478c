package io.shigoto.internal.queue;

import io.shigoto.internal.run.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/**
 * Between claims and slots: claimed runs wait here until the slots ask for them. What the slots ask
 * for and do not get is the room of the queue.
 *
 * <p>The protocol: {@code demand} is what was asked for and not yet given; one thread at a time
 * moves runs to the slots (whoever raises {@code moving} from zero), the others leave it a note.
 */
final class Ahead {

  private final Queue<Run> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicLong demand = new AtomicLong();
  private final AtomicInteger moving = new AtomicInteger();
  private final Runnable onRoom;
  private volatile @Nullable FluxSink<Run> slots;
  private volatile boolean closed;

  /**
   * @param onRoom called when slots ask for more
   */
  Ahead(Runnable onRoom) {
    this.onRoom = onRoom;
  }

  /** The runs, in the order of their claims, as the slots ask for them. For one subscriber. */
  Flux<Run> runs() {
    return Flux.create(
        sink -> {
          slots = sink;
          sink.onRequest(this::request);
        },
        FluxSink.OverflowStrategy.IGNORE);
  }

  void add(List<Run> claimed) {
    waiting.addAll(claimed);
    size.addAndGet(claimed.size());
    move();
  }

  /** How many slots are free. */
  long free() {
    return demand.get();
  }

  /** How many runs wait for a slot. */
  int size() {
    return size.get();
  }

  /** Takes no more and gives back those that were not started; the stream ends. */
  List<Run> close() {
    List<Run> unstarted = new ArrayList<>();
    closed = true;
    for (Run run = waiting.poll(); run != null; run = waiting.poll()) {
      size.decrementAndGet();
      unstarted.add(run);
    }
    move();
    return unstarted;
  }

  private void request(long more) {
    demand.addAndGet(more);
    move();
    onRoom.run();
  }

  private void move() {
    FluxSink<Run> sink = slots;
    if (sink == null || moving.getAndIncrement() != 0) {
      return;
    }
    int notes = 1;
    do {
      while (demand.get() > 0) {
        Run run = waiting.poll();
        if (run == null) {
          break;
        }
        size.decrementAndGet();
        demand.decrementAndGet();
        sink.next(run);
      }
      if (closed) {
        sink.complete();
      }
      notes = moving.addAndGet(-notes);
    } while (notes != 0);
  }
}
