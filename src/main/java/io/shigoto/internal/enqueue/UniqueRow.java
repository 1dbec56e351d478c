package io.shigoto.internal.enqueue;

import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How a job is unique, as it is written.
 *
 * @param key a UUID
 * @param period in ms, or null
 * @param states those in which it holds the key, as an array literal; null: all but the terminal
 * @param replaces what the one that it meets takes over, as an array literal; null: nothing
 * @param debounce in ms, or null
 */
record UniqueRow(
    String key,
    @Nullable Long period,
    @Nullable String states,
    @Nullable String replaces,
    @Nullable Long debounce) {

  static UniqueRow of(Unique unique, String key) {
    return new UniqueRow(
        key,
        millis(unique.period()),
        states(unique),
        unique.replaced().isEmpty() ? null : literal(unique.replaced()),
        millis(unique.debounced()));
  }

  private static @Nullable String states(Unique unique) {
    return unique.states().equals(Unique.none().states())
        ? null
        : literal(unique.states().stream().sorted().toList());
  }

  private static String literal(Collection<? extends Enum<?>> values) {
    return values.stream()
        .map(value -> value.name().toLowerCase(Locale.ROOT))
        .collect(Collectors.joining(",", "{", "}"));
  }

  private static @Nullable Long millis(@Nullable Duration time) {
    return time == null ? null : time.toMillis();
  }
}
