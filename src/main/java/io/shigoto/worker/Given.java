package io.shigoto.worker;

import static java.util.Objects.requireNonNull;

import java.util.Arrays;
import java.util.Collection;
import java.util.Map;

/** What callers give: a null is refused by its name, one among others too. */
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
}
