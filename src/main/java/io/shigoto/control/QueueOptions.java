package io.shigoto.control;

import io.shigoto.worker.Given;

/** How a node serves a queue. Immutable: each method gives a changed copy. */
public final class QueueOptions {

  /** The default of {@link #weight(int)}. */
  public static final int DEFAULT_WEIGHT = 1;

  /** The highest weight. */
  public static final int MOST_WEIGHT = 1000;

  private final int concurrency;
  private final int weight;
  private final boolean fair;

  private QueueOptions(int concurrency, int weight, boolean fair) {
    if (concurrency < 1) {
      throw new IllegalArgumentException("concurrency must be at least 1, but is " + concurrency);
    }
    Given.between("weight", weight, 1, MOST_WEIGHT);
    this.concurrency = concurrency;
    this.weight = weight;
    this.fair = fair;
  }

  /**
   * So many of its jobs run on the node at the same time, from 1; the best come first, whoever has
   * how many.
   */
  public static QueueOptions concurrency(int runs) {
    return new QueueOptions(runs, DEFAULT_WEIGHT, false);
  }

  /**
   * While the limit of the whole node keeps jobs waiting, the queue gets slots in this proportion
   * to the weights of the others: more is more. Without such a limit it means nothing. From 1 to
   * {@value #MOST_WEIGHT}. Default: {@value #DEFAULT_WEIGHT}.
   */
  public QueueOptions weight(int more) {
    return new QueueOptions(concurrency, more, fair);
  }

  /**
   * Partition keys take turns, whatever the backlog of one of them: first come those of which the
   * least runs, on all nodes together. Jobs without a key share one turn. Of each key the best come
   * first. All nodes that serve the queue should say the same. Default: not fair.
   */
  public QueueOptions fair() {
    return new QueueOptions(concurrency, weight, true);
  }

  /** The same with another number of runs. */
  public QueueOptions withConcurrency(int runs) {
    return new QueueOptions(runs, weight, fair);
  }

  /** How many of its jobs run on the node at the same time. */
  public int concurrency() {
    return concurrency;
  }

  /** Its share of a limit of the whole node. */
  public int weight() {
    return weight;
  }

  /** Whether partition keys take turns. */
  public boolean isFair() {
    return fair;
  }
}
