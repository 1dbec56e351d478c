package io.shigoto.internal.queue;

import io.shigoto.internal.run.Run;
import io.shigoto.internal.seats.Seats;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;

/**
 * Between claims and slots: claimed runs wait here until the slots ask for them. What the slots ask
 * for and do not get is the room of the queue.
 *
 * <p>The slots ask for as many as there can ever be, {@link #MOST_SLOTS}; of these so many are kept
 * back that only as many as the queue is wide are given. So the width may change at any time.
 *
 * <p>The protocol: {@code demand} is what was asked for and not yet given; one thread at a time
 * moves runs to the slots (whoever raises {@code moving} from zero), the others leave it a note.
 */
final class Ahead {

  /** As many as there can ever be. */
  static final int MOST_SLOTS = Integer.MAX_VALUE;

  private final Queue<Run> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicLong come = new AtomicLong();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicLong demand = new AtomicLong();
  private final AtomicInteger moving = new AtomicInteger();
  private final IntSupplier width;
  private final Seats seats;
  private final BooleanSupplier open;
  private final Runnable onRoom;
  private volatile @Nullable FluxSink<Run> slots;
  private final Overdue overdue = new Overdue();
  private volatile boolean isOverdue;
  private volatile boolean closed;

  /**
   * @param width how many may run at the same time; whoever changes it calls {@link #move}
   * @param seats what the node has for them
   * @param open whether runs may be given to the slots; whoever changes it calls {@link #move}
   * @param onRoom called when slots ask for more
   */
  Ahead(IntSupplier width, Seats seats, BooleanSupplier open, Runnable onRoom) {
    this.width = width;
    this.seats = seats;
    this.open = open;
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
    come.addAndGet(claimed.size());
    size.addAndGet(claimed.size());
    move();
  }

  /** How many slots are free. */
  long free() {
    return Math.min(room(), seats.idle());
  }

  /** How many more the queue is wide enough for. */
  long room() {
    return Math.max(0, demand.get() - MOST_SLOTS + width.getAsInt());
  }

  /** How many runs wait for a slot. */
  int size() {
    return size.get();
  }

  /**
   * Whether some wait for a slot longer than they should. To be called again and again, by one
   * thread at a time.
   *
   * @param patience how many calls ago they came at least
   */
  boolean looksOverdue(int patience) {
    int waits = size.get();
    isOverdue = overdue.looks(come.get(), waits, patience);
    return isOverdue;
  }

  /** What {@link #looksOverdue} said last. */
  boolean isOverdue() {
    return isOverdue;
  }

  /** Takes no more and gives back those that were not started; the stream ends. */
  List<Run> close() {
    closed = true;
    List<Run> unstarted = takeBack();
    move();
    return unstarted;
  }

  /** Gives back those that were not started. */
  List<Run> takeBack() {
    List<Run> unstarted = new ArrayList<>();
    isOverdue = false;
    for (Run run = waiting.poll(); run != null; run = waiting.poll()) {
      size.decrementAndGet();
      unstarted.add(run);
    }
    return unstarted;
  }

  private void request(long more) {
    demand.addAndGet(more);
    seats.freed(more);
    move();
    onRoom.run();
  }

  /** Gives the slots what they may have. */
  void move() {
    FluxSink<Run> sink = slots;
    if (sink == null || moving.getAndIncrement() != 0) {
      return;
    }
    int notes = 1;
    do {
      while (open.getAsBoolean() && room() > 0 && !waiting.isEmpty() && seats.take()) {
        Run run = waiting.poll();
        if (run == null) {
          seats.untake();
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
