package io.shigoto;

import io.shigoto.broadcast.Receiver;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** What the builder was told about messages to all nodes. */
record Broadcasting(List<Receiver<?>> receivers, Duration window, Duration retention) {

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
    Span.from(Duration.ZERO).require("broadcastWindow", window);
    return new Broadcasting(receivers, window, retention);
  }

  Broadcasting retention(Duration retention) {
    Span.from(Duration.ofSeconds(1)).require("broadcastRetention", retention);
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
}
