package io.shigoto.event;

/**
 * Hears events on the thread on which they happen: an event loop of a connection, the node's timer,
 * a thread of workers. So it must return at once; while it does not, settlements and claims wait.
 * Whatever may take longer subscribes to the node's stream of events, which has threads of its own.
 * What it throws, an {@link Error} too, is logged by its class and changes nothing.
 */
@FunctionalInterface
public interface JobListener {

  /** Called for each event, from many threads at once. */
  void on(JobEvent event);
}
