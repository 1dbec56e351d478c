package io.shigoto.internal.settings;

import io.shigoto.broadcast.Receiver;
import io.shigoto.worker.Given;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** What the builder was told about messages to all nodes. */
public record Broadcasting(List<Receiver<?>> receivers, Duration window, Duration retention) {

  /** Longer than anything runs, and not so long that it could not be reckoned with. */
  private static final Duration LONGEST = Duration.ofDays(36_500);

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
    Given.between("broadcastWindow", window, Duration.ZERO, LONGEST);
    return new Broadcasting(receivers, window, retention);
  }

  /** Keeping them for so long. */
  public Broadcasting retention(Duration retention) {
    Given.between("broadcastRetention", retention, Duration.ofSeconds(1), LONGEST);
    return new Broadcasting(receivers, window, retention);
  }

  /** Refuses a window that reaches back to what is forgotten. */
  void check() {
    if (window.compareTo(retention) > 0) {
      throw new IllegalArgumentException(
          "broadcastWindow must not be longer than broadcastRetention, %s, but is %s"
              .formatted(retention, window));
    }
  }
}
