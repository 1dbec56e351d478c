package io.shigoto.internal.permit;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.LongSupplier;
import reactor.core.scheduler.Scheduler;

/** Lanes that wait to be woken, by somebody or by a time. */
final class Waiting {

  private final Queue<Lane.Waiter> lanes = new ConcurrentLinkedQueue<>();
  private final Chime chime;

  Waiting(Scheduler timer, LongSupplier micros) {
    this.chime = new Chime(timer, micros, this::wake);
  }

  /** It waits from now on, if it does not already. */
  void add(Lane.Waiter lane) {
    if (lane.begin()) {
      lanes.add(lane);
    }
  }

  /** Wakes all at this time, unless it does sooner anyway. */
  void wakeAt(long time) {
    chime.at(time);
  }

  void wake() {
    if (lanes.isEmpty()) {
      return;
    }
    // All at once first: a lane that is woken may wait again before the next is taken.
    List<Lane.Waiter> woken = new ArrayList<>();
    for (Lane.Waiter lane = lanes.poll(); lane != null; lane = lanes.poll()) {
      woken.add(lane);
    }
    woken.forEach(Lane.Waiter::wake);
  }
}
