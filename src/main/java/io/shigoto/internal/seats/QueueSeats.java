package io.shigoto.internal.seats;

import java.util.Comparator;
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

  private static final long ONE_IDLE = 1L << 32;

  private final NodeSlots node;
  private final Seats.Owner owner;

  /**
   * Idle ones in the upper half, those that are out in the lower: who adds them up must not miss
   * one that moves meanwhile, nor see it twice.
   */
  private final AtomicLong held = new AtomicLong();

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
    return idle(held.get());
  }

  @Override
  public boolean take() {
    if (idle(held.getAndUpdate(now -> idle(now) == 0 ? now : now - ONE_IDLE + 1)) == 0) {
      return false;
    }
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
    long before = held.getAndUpdate(now -> now + Math.min(out(now), runs) * (ONE_IDLE - 1));
    if (Math.min(out(before), runs) > 0) {
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
    boolean tooMany = idle() > 0 && (!now || has() > whole);
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
    return sum(held.getAndSet(0));
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
    int running = out(held.get());
    return hungry ? Math.max(width, running) : running;
  }

  /** This is its share now. Gives up what stands idle beyond it. */
  int settle(double now) {
    share = hungry ? Math.min(now, width) : 0;
    whole = (int) (share + NEARLY);
    int most = idle() - (int) Math.min(reserved, Integer.MAX_VALUE);
    int surplus = Math.min(has() - whole, most);
    if (surplus <= 0) {
      return 0;
    }
    long before = held.getAndUpdate(slots -> slots - Math.min(idle(slots), surplus) * ONE_IDLE);
    return Math.min(idle(before), surplus);
  }

  /** Whether it may have one more. One that leaves while it is looked at gives back all it gets. */
  boolean lacks() {
    return !left && has() < share - NEARLY;
  }

  void give() {
    given = true;
    held.addAndGet(ONE_IDLE);
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
    return sum(held.get());
  }

  private static int sum(long held) {
    return idle(held) + out(held);
  }

  private static int idle(long held) {
    return (int) (held >>> 32);
  }

  private static int out(long held) {
    return (int) held;
  }
}
