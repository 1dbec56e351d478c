package io.shigoto;

/**
 * A queue as it stood when it was read.
 *
 * @param name of the queue
 * @param paused whether it is paused, for all nodes
 * @param concurrency how many of its jobs this node runs at the same time at most; 0 if it does not
 *     serve the queue
 * @param nodes how many live nodes serve it
 * @param available how many of its jobs may run now; they are counted up to {@link #COUNTED}
 * @param executing how many of its jobs are claimed, by all nodes
 */
public record QueueStatus(
    String name, boolean paused, int concurrency, int nodes, int available, int executing) {

  /** No more available jobs of a queue than these are counted. */
  public static final int COUNTED = 1000;
}
