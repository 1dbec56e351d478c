package io.shigoto.internal.run;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How much the jobs of a queue weigh that this node holds, from the answer to their claim until
 * they are settled.
 */
public final class Load {

  /** Of runs that are not held. */
  static final Load NONE = new Load(Long.MAX_VALUE, () -> {});

  private final AtomicLong held = new AtomicLong();
  private final long most;
  private final Runnable onRoom;

  /**
   * @param onRoom called when there is room after there was none
   */
  public Load(long most, Runnable onRoom) {
    this.most = most;
    this.onRoom = onRoom;
  }

  /** How much more may be held; 0 or less if nothing. */
  public long room() {
    return most - held.get();
  }

  void add(long weight) {
    held.addAndGet(weight);
  }

  void remove(long weight) {
    long left = held.addAndGet(-weight);
    if (left < most && left + weight >= most) {
      onRoom.run();
    }
  }
}
