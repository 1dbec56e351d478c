package io.shigoto.internal.shed;

import io.shigoto.control.LoadShedding;

/**
 * What is too long, in nanoseconds.
 *
 * @param waiting of the best jobs, from when they are due to their claim
 * @param claiming of a claim
 * @param window for how long it must be so
 */
record Targets(long waiting, long claiming, long window) {

  static Targets of(LoadShedding options) {
    return new Targets(
        options.waiting().toNanos(), options.claiming().toNanos(), options.window().toNanos());
  }
}
