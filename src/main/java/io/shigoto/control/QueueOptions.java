package io.shigoto.control;

/** How a node serves a queue. Immutable: each method gives a changed copy. */
public final class QueueOptions {

  private final int concurrency;
  private final boolean fair;

  private QueueOptions(int concurrency, boolean fair) {
    this.concurrency = concurrency;
    this.fair = fair;
  }

  /**
   * So many of its jobs run on the node at the same time, from 1; the best come first, whoever has
   * how many.
   */
  public static QueueOptions concurrency(int runs) {
    if (runs < 1) {
      throw new IllegalArgumentException("concurrency must be at least 1, but is " + runs);
    }
    return new QueueOptions(runs, false);
  }

  /**
   * Partition keys take turns, whatever the backlog of one of them: first come those of which the
   * least runs, on all nodes together. Jobs without a key share one turn. Of each key the best come
   * first. All nodes that serve the queue should say the same. Default: not fair.
   */
  public QueueOptions fair() {
    return new QueueOptions(concurrency, true);
  }

  /** The same with another number of runs. */
  public QueueOptions withConcurrency(int runs) {
    return new QueueOptions(concurrency(runs).concurrency, fair);
  }

  /** How many of its jobs run on the node at the same time. */
  public int concurrency() {
    return concurrency;
  }

  /** Whether partition keys take turns. */
  public boolean isFair() {
    return fair;
  }
}
