package io.shigoto;

import io.shigoto.broadcast.Receiver;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** What the builder was told about messages to all nodes. */
record Broadcasting(List<Receiver<?>> receivers, Duration window, Duration retention) {

  private static final Duration LONGEST = Duration.ofDays(36_500);

  /** Nothing was said. */
  static final Broadcasting STANDARD =
      new Broadcasting(
          List.of(),
          ShigotoBuilder.DEFAULT_BROADCAST_WINDOW,
          ShigotoBuilder.DEFAULT_BROADCAST_RETENTION);

  Broadcasting receiver(Receiver<?> receiver) {
    Objects.requireNonNull(receiver, "receiver");
    List<Receiver<?>> all = Stream.concat(receivers.stream(), Stream.of(receiver)).toList();
    return new Broadcasting(all, window, retention);
  }

  Broadcasting window(Duration window) {
    require("broadcastWindow", window, Duration.ZERO);
    return new Broadcasting(receivers, window, retention);
  }

  Broadcasting retention(Duration retention) {
    require("broadcastRetention", retention, Duration.ofSeconds(1));
    return new Broadcasting(receivers, window, retention);
  }

  /** Refuses a window that reaches back to what is forgotten. */
  Broadcasting checked() {
    if (window.compareTo(retention) > 0) {
      throw new IllegalArgumentException(
          "broadcastWindow must not be longer than broadcastRetention, %s, but is %s"
              .formatted(retention, window));
    }
    return this;
  }

  private static void require(String what, Duration time, Duration shortest) {
    Objects.requireNonNull(time, what);
    if (time.compareTo(shortest) < 0 || time.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "%s must be from %s to %s, but is %s".formatted(what, shortest, LONGEST, time));
    }
  }
}
