package io.shigoto.internal.settings;

import io.shigoto.broadcast.Receiver;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** What the builder was told about messages to all nodes. */
public record Broadcasting(List<Receiver<?>> receivers, Duration window, Duration retention) {

  /** Without receivers. */
  public static Broadcasting of(Duration window, Duration retention) {
    return new Broadcasting(List.of(), window, retention);
  }

  /** With one more. */
  public Broadcasting receiver(Receiver<?> receiver) {
    Objects.requireNonNull(receiver, "receiver");
    List<Receiver<?>> all = Stream.concat(receivers.stream(), Stream.of(receiver)).toList();
    return new Broadcasting(all, window, retention);
  }

  /** Looking so far back. */
  public Broadcasting window(Duration window) {
    Span.from(Duration.ZERO).require("broadcastWindow", window);
    return new Broadcasting(receivers, window, retention);
  }

  /** Keeping them for so long. */
  public Broadcasting retention(Duration retention) {
    Span.from(Duration.ofSeconds(1)).require("broadcastRetention", retention);
    return new Broadcasting(receivers, window, retention);
  }

  /** Refuses a window that reaches back to what is forgotten. */
  public Broadcasting checked() {
    if (window.compareTo(retention) > 0) {
      throw new IllegalArgumentException(
          "broadcastWindow must not be longer than broadcastRetention, %s, but is %s"
              .formatted(retention, window));
    }
    return this;
  }
}
