package io.shigoto.internal.shed;

import io.shigoto.control.LoadShedding;
import io.shigoto.internal.job.Events;
import java.util.function.LongSupplier;

/**
 * Makes what each queue of a node sheds.
 *
 * @param nanos a clock for elapsed time
 */
public record Sheds(LoadShedding options, Events events, LongSupplier nanos) {

  /**
   * For one queue, from its beginning.
   *
   * @param byPriority whether priorities decide what of it is claimed: otherwise none is shed
   */
  public Shedding of(String queue, boolean byPriority) {
    return new Shedding(queue, byPriority ? options : LoadShedding.none(), events, nanos);
  }
}
