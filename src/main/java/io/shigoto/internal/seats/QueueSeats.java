package io.shigoto.internal.seats;

import java.util.Comparator;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What one queue has of the slots of its node. {@link NodeSlots} has the protocol; what is not
 * volatile here belongs to whoever shares.
 */
final class QueueSeats implements Seats {

  /** Whole slots first, where least is had; then those that have waited longest for a part. */
  static final Comparator<QueueSeats> FIRST =
      Comparator.comparing(QueueSeats::lacksPart)
          .thenComparingDouble(queue -> queue.lacksPart() ? queue.turns() : queue.level());

  /** Shares are sums and quotients of whole numbers: what is this near to one is meant to be it. */
  private static final double NEARLY = 1e-6;

  private final NodeSlots node;
  private final Seats.Owner owner;
  private final AtomicInteger idle = new AtomicInteger();
  private final AtomicInteger out = new AtomicInteger();
  private volatile long reserved;
  private final AtomicLong begun = new AtomicLong();
  private volatile boolean hungry;
  private volatile int width;
  private volatile int whole;
  private volatile boolean left;
  private double share;
  private double missed;
  private boolean given;

  QueueSeats(NodeSlots node, Seats.Owner owner) {
    this.node = node;
    this.owner = owner;
  }

  @Override
  public int idle() {
    return idle.get();
  }

  @Override
  public boolean take() {
    if (idle.getAndUpdate(slots -> Math.max(0, slots - 1)) == 0) {
      return false;
    }
    out.incrementAndGet();
    begun.incrementAndGet();
    return true;
  }

  @Override
  public void untake() {
    begun.decrementAndGet();
    freed(1);
  }

  @Override
  public void freed(long runs) {
    int before = out.getAndUpdate(now -> now - (int) Math.min(now, runs));
    int back = (int) Math.min(before, runs);
    if (back > 0) {
      idle.addAndGet(back);
      if (left) {
        node.takeBack(this);
      } else if (!owner.isHungry() || has() > whole) {
        node.share();
      }
    }
  }

  @Override
  public void reserve(long slots) {
    reserved = slots;
  }

  @Override
  public void changed() {
    boolean now = owner.isHungry();
    boolean tooMany = idle.get() > 0 && (!now || has() > whole);
    if (tooMany || now != hungry || owner.width() != width) {
      node.share();
    }
  }

  @Override
  public void join() {
    node.join(this);
  }

  @Override
  public void leave() {
    left = true;
    node.leave(this);
  }

  /** Gives up all that it has, at the end; what comes too late for that is taken back later. */
  int surrender() {
    return idle.getAndSet(0) + out.getAndSet(0);
  }

  int weight() {
    return owner.weight();
  }

  /** Whether it had work when that was looked at last. */
  boolean looksHungry() {
    return hungry;
  }

  /** How many runs it has begun for its weight, and those it would have if it had had work. */
  double turns() {
    return missed + (double) begun.get() / weight();
  }

  /**
   * Looks how many slots it could use.
   *
   * @param least the fewest turns of those that had work
   */
  int demand(double least) {
    boolean before = hungry;
    hungry = !left && owner.isHungry();
    width = owner.width();
    if (hungry && !before) {
      missed += Math.max(0, least - turns());
    }
    int running = out.get();
    return hungry ? Math.max(width, running) : running;
  }

  /** This is its share now. Gives up what stands idle beyond it. */
  int settle(double now) {
    share = hungry ? Math.min(now, width) : 0;
    whole = (int) (share + NEARLY);
    int most = idle.get() - (int) Math.min(reserved, Integer.MAX_VALUE);
    int surplus = Math.min(has() - whole, most);
    if (surplus <= 0) {
      return 0;
    }
    int before = idle.getAndUpdate(slots -> slots - Math.min(slots, surplus));
    return Math.min(before, surplus);
  }

  /** Whether it may have one more. One that leaves while it is looked at gives back all it gets. */
  boolean lacks() {
    return !left && has() < share - NEARLY;
  }

  void give() {
    given = true;
    idle.incrementAndGet();
    if (left) {
      node.takeBack(this);
    }
  }

  /** Tells of what it was given, also when it had as many before: it may have missed those. */
  void tell() {
    if (given) {
      given = false;
      owner.onSlots();
    }
  }

  private boolean lacksPart() {
    return has() >= whole;
  }

  private double level() {
    return (double) has() / weight();
  }

  private int has() {
    return idle.get() + out.get();
  }
}
