package io.shigoto.internal.job;

import java.util.ArrayList;
import java.util.List;

/**
 * The stack of an error, short enough to keep: of each cause its own line and its first frames, so
 * that the root cause is there however deep the calls were. The error is the worker's: whatever it
 * does when it is asked, there is a text.
 */
final class StackText {

  private static final int FRAMES = 40;
  private static final int LEAST_FRAMES = 5;
  private static final int MOST_CAUSES = 8;
  private static final int LONGEST_LINE = 300;

  private StackText() {}

  /** Empty if there is nothing beyond the error's own message. */
  static String of(Throwable error) {
    StringBuilder text = new StringBuilder();
    try {
      List<Throwable> chain = chain(error);
      int frames = Math.max(LEAST_FRAMES, FRAMES / chain.size());
      for (Throwable link : chain) {
        append(text, link, frames);
      }
      return chain.size() == 1 && error.getStackTrace().length == 0 ? "" : text.toString();
    } catch (Throwable broken) {
      return text.toString();
    }
  }

  private static List<Throwable> chain(Throwable error) {
    List<Throwable> chain = new ArrayList<>();
    for (Throwable link = error;
        link != null && !chain.contains(link) && chain.size() < MOST_CAUSES;
        link = link.getCause()) {
      chain.add(link);
    }
    return chain;
  }

  private static void append(StringBuilder text, Throwable link, int frames) {
    StackTraceElement[] stack = link.getStackTrace();
    text.append(text.isEmpty() ? "" : "Caused by: ").append(line(link)).append('\n');
    for (int i = 0; i < Math.min(frames, stack.length); i++) {
      text.append("\tat ").append(stack[i]).append('\n');
    }
    if (stack.length > frames) {
      text.append("\t… ").append(stack.length - frames).append(" more\n");
    }
  }

  private static String line(Throwable link) {
    String line = link.toString();
    return line.length() <= LONGEST_LINE ? line : line.substring(0, LONGEST_LINE) + "…";
  }
}
