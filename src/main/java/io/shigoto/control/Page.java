package io.shigoto.control;

import io.shigoto.worker.Given;

/**
 * Which of the jobs that are meant: so many, the newest first, of those with smaller ids.
 *
 * @param size how many at most, 1 to 1000; each with all that it has
 * @param below only jobs with ids below this one
 */
public record Page(int size, long below) {

  /** How many jobs a page may have. */
  public static final int LARGEST = 1000;

  public Page {
    Given.between("size", size, 1, LARGEST);
    if (below < 1) {
      throw new IllegalArgumentException("below must be an id from 1, but is " + below);
    }
  }

  /** The newest so many. */
  public static Page first(int size) {
    return new Page(size, Long.MAX_VALUE);
  }

  /** As many, of those with ids below this one. */
  public Page below(long id) {
    return new Page(size, id);
  }
}
