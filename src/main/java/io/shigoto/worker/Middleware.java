package io.shigoto.worker;

import reactor.core.publisher.Mono;

/**
 * Code around every run of a worker, or of all workers of a node: logging, tracing, transactions,
 * feature switches. One instance is used by many runs at once.
 *
 * <p>The node's come first, in the order in which the builder was given them, then the worker's, in
 * the order of its list. The first is the outermost.
 */
@FunctionalInterface
public interface Middleware {

  /**
   * Runs when subscribed. It may leave out {@code next}, so that neither the rest of the middleware
   * nor the worker is called, change what comes out of it, or subscribe to it more than once.
   *
   * <p>Emits how the run ended; empty means {@link Outcome#done()}. Errors: as of a worker, an
   * error signal, a throw, or a null is a failed attempt. Cancel: as of a worker; its timeout
   * covers all middleware. Thread: called on the scheduler for workers. Context: has the {@link
   * JobContext}; what is written to the Context of {@code next} reaches the worker.
   *
   * @param job the run; if its args do not fit the worker, {@code next} fails with the same error
   *     as {@link JobContext#args}
   */
  Mono<Outcome> handle(JobContext<?> job, Next next);

  /** The rest of a run: the middleware further in, and then the worker. */
  @FunctionalInterface
  interface Next {

    /**
     * Runs the rest when subscribed, once for each subscription. Emits how it ended, exactly one
     * outcome. Errors: whatever the rest throws or signals, also what Reactor takes for fatal.
     */
    Mono<Outcome> run();
  }
}
