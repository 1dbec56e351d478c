package io.shigoto;

import java.nio.charset.StandardCharsets;

/** What may be said of a queue. */
final class QueueName {

  private static final int LONGEST = 255;
  private static final int SHOWN = 30;

  private QueueName() {}

  /** Refuses what is no name, or what PostgreSQL cannot hold as it is. */
  static void require(String queue) {
    if (queue.isBlank() || queue.length() > LONGEST || !isStorable(queue)) {
      throw new IllegalArgumentException(
          "queue must have 1 to %d characters, not only blanks, none of them NUL or a lone surrogate, but is %s"
              .formatted(LONGEST, shown(queue)));
    }
  }

  /** Refuses what is no number of runs. */
  static void requireConcurrency(String queue, int concurrency) {
    if (concurrency < 1) {
      throw new IllegalArgumentException(
          "concurrency of queue '%s' must be at least 1, but is %d".formatted(queue, concurrency));
    }
  }

  /** A lone surrogate is written as a question mark. */
  private static boolean isStorable(String queue) {
    byte[] utf8 = queue.getBytes(StandardCharsets.UTF_8);
    return queue.indexOf('\0') < 0 && new String(utf8, StandardCharsets.UTF_8).equals(queue);
  }

  private static String shown(String queue) {
    return queue.length() <= LONGEST
        ? "'" + queue + "'"
        : "'" + queue.substring(0, SHOWN) + "…' of length " + queue.length();
  }
}
