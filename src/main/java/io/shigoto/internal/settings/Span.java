package io.shigoto.internal.settings;

import io.shigoto.worker.Given;
import java.time.Duration;

/** How long something may take. */
public record Span(Duration shortest, Duration longest) {

  /** Longer than anything runs, and not so long that it could not be reckoned with. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

  public static Span from(Duration shortest) {
    return new Span(shortest, LONGEST);
  }

  public Span to(Duration longest) {
    return new Span(shortest, longest);
  }

  /** Refuses what is shorter or longer, or not given. */
  public Duration require(String what, Duration time) {
    return Given.between(what, time, shortest, longest);
  }
}
