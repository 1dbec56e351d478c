package io.shigoto.worker;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;

/**
 * What callers give: a null is refused by its name, one among others too, and so is a value that is
 * too small or too large.
 */
public final class Given {

  private Given() {}

  /** Refuses a null, and a null among them. */
  public static <T> T[] all(String what, T[] values) {
    all(what, Arrays.asList(requireNonNull(values, what)));
    return values;
  }

  /** Refuses a null, and a null among them. */
  public static <C extends Collection<?>> C all(String what, C values) {
    requireNonNull(values, what).forEach(value -> requireNonNull(value, "one of " + what));
    return values;
  }

  /** Refuses a null, and a null among its keys and values. */
  public static <K, V> Map<K, V> all(String what, Map<K, V> values) {
    all(what, requireNonNull(values, what).keySet());
    all(what, values.values());
    return values;
  }

  /** Refuses what is less. */
  public static int atLeast(String what, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(
          "%s must be at least %d, but is %d".formatted(what, least, value));
    }
    return value;
  }

  /** Refuses what is not from the least to the most. */
  public static int between(String what, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          "%s must be from %d to %d, but is %d".formatted(what, least, most, value));
    }
    return value;
  }

  /** Refuses what is shorter or longer, and a null. */
  public static Duration between(String what, Duration time, Duration shortest, Duration longest) {
    if (requireNonNull(time, what).compareTo(shortest) < 0 || time.compareTo(longest) > 0) {
      throw new IllegalArgumentException(
          "%s must be from %s to %s, but is %s".formatted(what, shortest, longest, time));
    }
    return time;
  }
}
