package io.shigoto.internal.settings;

import io.shigoto.control.LoadShedding;
import io.shigoto.control.QueueOptions;
import io.shigoto.internal.queue.Served;
import io.shigoto.worker.Given;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The queues of a node.
 *
 * @param queues in the order in which they were given
 * @param concurrency of all together, or {@link Served#ANY_NUMBER}
 * @param shedding when they are overloaded
 */
public record Serving(Map<String, QueueOptions> queues, int concurrency, LoadShedding shedding) {

  /** None. */
  public static final Serving NONE = new Serving(Map.of(), Served.ANY_NUMBER, LoadShedding.none());

  public Serving {
    queues = Collections.unmodifiableMap(new LinkedHashMap<>(queues));
    Objects.requireNonNull(shedding, "shedding");
  }

  /** One more. */
  public Serving queue(String queue, QueueOptions options) {
    QueueName.require(queue);
    Objects.requireNonNull(options, "options");
    Map<String, QueueOptions> more = new LinkedHashMap<>(queues);
    if (more.putIfAbsent(queue, options) != null) {
      throw new IllegalArgumentException("queue is given twice: '" + queue + "'");
    }
    return new Serving(more, concurrency, shedding);
  }

  /** So many runs of all together. */
  public Serving concurrency(int runs) {
    return new Serving(queues, Given.atLeast("concurrency of the node", runs, 1), shedding);
  }

  /** With that. */
  public Serving shedding(LoadShedding shedding) {
    return new Serving(queues, concurrency, shedding);
  }
}
