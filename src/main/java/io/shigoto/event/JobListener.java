package io.shigoto.event;

/**
 * Hears events on the engine's own threads, so it must return at once. What it throws, an {@link
 * Error} too, is logged by its class and changes nothing.
 */
@FunctionalInterface
public interface JobListener {

  /** Called for each event, from many threads at once. */
  void on(JobEvent event);
}
