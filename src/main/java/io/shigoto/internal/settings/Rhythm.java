package io.shigoto.internal.settings;

import io.shigoto.worker.Given;
import java.time.Duration;

/**
 * How often the node does what it does by itself.
 *
 * @param lease how long its right to run jobs lasts
 * @param poll how often it looks for work unasked
 */
public record Rhythm(Duration lease, Duration poll) {

  private static final Duration AN_HOUR = Duration.ofHours(1);

  public Rhythm {
    Given.between("lease", lease, Duration.ofSeconds(1), AN_HOUR);
    Given.between("pollInterval", poll, Duration.ofMillis(10), AN_HOUR);
  }

  /** With this lease. */
  public Rhythm lease(Duration lease) {
    return new Rhythm(lease, poll);
  }

  /** Looking so often. */
  public Rhythm poll(Duration interval) {
    return new Rhythm(lease, interval);
  }
}
