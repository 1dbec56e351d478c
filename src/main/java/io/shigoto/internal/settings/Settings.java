package io.shigoto.internal.settings;

import io.shigoto.event.JobListener;
import io.shigoto.internal.history.Retention;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * What the builder was told, complete and checked.
 *
 * @param name of the node
 * @param nanos a clock for elapsed time
 */
public record Settings(
    String name,
    Store store,
    Work work,
    Serving serving,
    Rhythm rhythm,
    Retention retention,
    Broadcasting broadcasts,
    List<JobListener> listeners,
    LongSupplier nanos) {

  public Settings {
    listeners = List.copyOf(listeners);
    broadcasts.check();
  }
}
