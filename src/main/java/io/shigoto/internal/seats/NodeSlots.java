package io.shigoto.internal.seats;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The slots of a node, where there is a limit for all its queues together: who of them has how
 * many.
 *
 * <p>The protocol: a slot is a token. It is here, {@code spare}, or with a queue that lets it stand
 * {@code idle}, or with a run that is {@code out}; it only ever moves, so there are never more runs
 * than slots. A queue takes its idle ones for its runs without asking, and keeps them when the runs
 * end, as long as it has work and no more than its share. Otherwise the tokens are shared anew: one
 * thread at a time does that (whoever raises {@code sharing} from zero), the others leave it a
 * note. It looks who has work, takes back what stands idle beyond a share, or where there is no
 * work, and gives it to those that have less than theirs. Nobody's run is ended for it: what was
 * lent comes back when runs end. What a claim under way is to fill stays with its queue.
 *
 * <p>Shares are seldom whole. Who gets the slot that several have a part in is decided each time it
 * is free: the one that has begun the fewest runs for its weight. So all have their turn, also when
 * there are more queues than slots. A queue that had no work has lost its turns of that time.
 */
public final class NodeSlots {

  /** No limit. */
  public static final int ANY = Integer.MAX_VALUE;

  private final int slots;
  private final List<QueueSeats> queues = new CopyOnWriteArrayList<>();
  private final AtomicInteger spare;
  private final AtomicInteger sharing = new AtomicInteger();

  /**
   * @param slots how many jobs may run at the same time, from 1, or {@link #ANY}
   */
  public NodeSlots(int slots) {
    this.slots = slots;
    this.spare = new AtomicInteger(slots);
  }

  /** Whether there is a limit. */
  public boolean areLimited() {
    return slots != ANY;
  }

  /** Those of a queue; none before it joins. */
  public Seats seats(Seats.Owner queue) {
    return areLimited() ? new QueueSeats(this, queue) : Seats.ANY;
  }

  /** How many there are in all. */
  public int all() {
    return slots;
  }

  /** How many no queue has. */
  int spare() {
    return spare.get();
  }

  /** How many no run has. */
  public int free() {
    return spare() + queues.stream().mapToInt(QueueSeats::idle).sum();
  }

  void join(QueueSeats queue) {
    queues.add(queue);
    share();
  }

  void leave(QueueSeats queue) {
    queues.remove(queue);
    takeBack(queue);
  }

  /** All that a queue still has that has left. */
  void takeBack(QueueSeats queue) {
    spare.addAndGet(queue.surrender());
    share();
  }

  /** Shares what stands empty. */
  void share() {
    if (sharing.getAndIncrement() != 0) {
      return;
    }
    int notes = 1;
    do {
      shareNow();
      notes = sharing.addAndGet(-notes);
    } while (notes != 0);
  }

  private void shareNow() {
    List<QueueSeats> present = new ArrayList<>(queues);
    double least =
        present.stream()
            .filter(QueueSeats::looksHungry)
            .mapToDouble(QueueSeats::turns)
            .min()
            .orElse(0);
    int[] demands = present.stream().mapToInt(queue -> queue.demand(least)).toArray();
    int[] weights = present.stream().mapToInt(QueueSeats::weight).toArray();
    double[] shares = Shares.of(slots, weights, demands);
    for (int i = 0; i < shares.length; i++) {
      spare.addAndGet(present.get(i).settle(shares[i]));
    }
    for (QueueSeats next = next(present); next != null; next = next(present)) {
      spare.decrementAndGet();
      next.give();
    }
    present.forEach(QueueSeats::tell);
  }

  private @Nullable QueueSeats next(List<QueueSeats> present) {
    return spare.get() > 0
        ? present.stream().filter(QueueSeats::lacks).min(QueueSeats.FIRST).orElse(null)
        : null;
  }
}
