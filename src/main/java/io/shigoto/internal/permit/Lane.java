package io.shigoto.internal.permit;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What a queue knows of which of its workers may have jobs, and may have them claimed.
 *
 * <p>The protocol: looks and claims come one at a time and alone touch {@code maybe} and {@code
 * more}. News and wakes come at any moment from anywhere: they set a flag after whatever they tell
 * of, and a look lowers the flags before it looks.
 */
public final class Lane {

  private final Allowances allowances;
  private final Runnable onWake;
  private final boolean[] maybe;
  private final boolean[] more;
  private final Gate[] crowded;
  private final Waiter[] waiters;
  private int turn;
  private @Nullable String leftOff;
  private volatile boolean wantsSlots;
  private volatile boolean news;
  private volatile boolean ready;

  Lane(Allowances allowances, Runnable onWake) {
    this.allowances = allowances;
    this.onWake = onWake;
    this.maybe = new boolean[allowances.size()];
    this.more = new boolean[maybe.length];
    this.crowded = new Gate[maybe.length];
    Arrays.fill(crowded, Gate.FRESH);
    this.waiters = new Waiter[maybe.length];
    for (int i = 0; i < waiters.length; i++) {
      waiters[i] = new Waiter(this);
    }
  }

  /** The queue may have new jobs, of any worker. */
  public void news() {
    news = true;
    ready = true;
  }

  /** Whether a claim may bring anything. */
  public boolean isReady() {
    return ready;
  }

  /**
   * Whether there are workers of which something may be claimed once there are free slots, and not
   * ahead of them.
   */
  public boolean wantsSlots() {
    return wantsSlots;
  }

  /** Where the last claim that had to do with partition keys left off. */
  @Nullable String leftOff() {
    return leftOff;
  }

  /**
   * Takes permits for a claim of so many jobs; it may turn out empty.
   *
   * @param free how many slots are free: what would wait for one counts in the cluster meanwhile
   */
  public Portion portion(int limit, long free) {
    ready = false;
    wantsSlots = false;
    if (news) {
      news = false;
      Arrays.fill(maybe, true);
      Arrays.fill(crowded, Gate.FRESH);
    }
    Portion portion = new Portion(this, limit);
    // From another end each time: names of one worker share its permits.
    boolean backwards = turn % 2 == 1;
    for (int i = 0; i < maybe.length; i++) {
      int name = Math.floorMod(backwards ? turn - i : turn + i, maybe.length);
      if (maybe[name]) {
        portion.ask(name, (int) Math.min(limit, free));
      }
    }
    if (wantsSlots) {
      ready = true;
    }
    turn = turn + 1 == 2 * maybe.length ? 0 : turn + 1;
    if (portion.isEmpty()) {
      lookAgain();
    }
    return portion;
  }

  /** This name is asked for when there are free slots, if it may be. */
  void wantSlots(int name) {
    wantsSlots |= mayClaim(name);
  }

  void leftOff(String where) {
    leftOff = where;
  }

  /** Looks again now if that may bring anything, or as soon as it may. */
  void lookAgain() {
    boolean again = false;
    for (int name = 0; name < maybe.length && !again; name++) {
      again = maybe[name] && mayClaim(name);
    }
    if (again) {
      ready = true;
    }
  }

  /** The queue has no more jobs of this name. */
  void exhausted(int name) {
    maybe[name] = false;
    more[name] = false;
  }

  /**
   * Jobs of this name are in the queue, and all wait for room or the rate of their partition keys.
   */
  void crowded(int name, Gate until) {
    crowded[name] = until;
  }

  /** Whether it is still so, as far as anybody has told. */
  boolean isCrowded(int name) {
    return allowances.permits(name).isShut(crowded[name]);
  }

  /** The last claim took all jobs of this name that it was allowed. */
  void hadMore(int name) {
    more[name] = true;
  }

  /** Whether jobs of this name wait, as far as the last claim of it tells. */
  boolean hasMore(int name) {
    return more[name];
  }

  Allowances allowances() {
    return allowances;
  }

  private boolean mayClaim(int name) {
    WorkerPermits permits = allowances.permits(name);
    return permits.isFree() || permits.await(waiters[name], crowded[name], allowances.claim());
  }

  private void wake() {
    ready = true;
    onWake.run();
  }

  /** A lane that waits for one worker, once at a time. */
  static final class Waiter {

    private final Lane lane;
    private final AtomicBoolean waits = new AtomicBoolean();

    Waiter(Lane lane) {
      this.lane = lane;
    }

    /** False if it waits already. */
    boolean begin() {
      return waits.compareAndSet(false, true);
    }

    void wake() {
      waits.set(false);
      lane.wake();
    }
  }
}
