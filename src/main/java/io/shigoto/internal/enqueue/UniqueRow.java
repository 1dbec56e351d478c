package io.shigoto.internal.enqueue;

import io.shigoto.job.JobState;
import io.shigoto.worker.Unique;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
    boolean startedToo = unique.hold() == Unique.Hold.UNTIL_ENDED;
    if (startedToo && unique.after().isEmpty()) {
      return null;
    }
    Stream<JobState> live =
        Arrays.stream(JobState.values())
            .filter(state -> !state.isTerminal())
            .filter(state -> startedToo || state != JobState.EXECUTING);
    Stream<JobState> ended =
        unique.after().stream().map(end -> JobState.valueOf(end.name())).sorted();
    return literal(Stream.concat(live, ended).toList());
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
