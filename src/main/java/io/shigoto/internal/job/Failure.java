package io.shigoto.internal.job;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A failure as it is remembered with the job: {@link io.shigoto.worker.JobError} before the
 * database stamped it.
 *
 * @param type the simple name of the error's class
 */
public record Failure(int attempt, String node, String type, String message, String stack) {

  private static final int LONGEST = 8 * 1024;
  private static final int LONGEST_MESSAGE = 2 * 1024;

  /** Of a throwable, shortened to 8 KiB in all, NULs and lone surrogates replaced. */
  public static Failure of(int attempt, String node, Throwable error) {
    String type =
        error.getClass().getSimpleName().isEmpty()
            ? error.getClass().getName()
            : error.getClass().getSimpleName();
    String message = cut(text(error), LONGEST_MESSAGE);
    return new Failure(
        attempt, node, type, message, cut(StackText.of(error), LONGEST - LONGEST_MESSAGE - 256));
  }

  /** Of a reason given in words. */
  public static Failure of(int attempt, String node, String type, String reason) {
    return new Failure(attempt, node, type, cut(reason, LONGEST_MESSAGE), "");
  }

  /** What an error says, or nothing if it breaks when it is asked: it is the application's. */
  public static String text(Throwable error) {
    try {
      String message = error.getMessage();
      return message == null ? "" : message;
    } catch (Throwable broken) {
      return "";
    }
  }

  /**
   * The line of code where an error was thrown. It says more than nothing where the message has to
   * be left out, because it is the application's and may quote arguments.
   */
  public static String place(Throwable error) {
    try {
      return Arrays.stream(error.getStackTrace()).findFirst().map(Object::toString).orElse("");
    } catch (Throwable broken) {
      return "";
    }
  }

  /** The longest prefix that has at most so many bytes, in a form that the database can hold. */
  private static String cut(String text, int bytes) {
    String storable = text.replace('\0', '\uFFFD');
    byte[] utf8 = storable.getBytes(StandardCharsets.UTF_8);
    if (utf8.length <= bytes) {
      return new String(utf8, StandardCharsets.UTF_8);
    }
    int end = bytes;
    while (end > 0 && (utf8[end] & 0xC0) == 0x80) {
      end--;
    }
    return new String(utf8, 0, end, StandardCharsets.UTF_8);
  }
}
