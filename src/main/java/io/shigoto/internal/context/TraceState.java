package io.shigoto.internal.context;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The header {@code tracestate} of W3C Trace Context, levels 1 and 2: up to 32 members {@code
 * key=value}, none twice. It says nothing without a {@link TraceParent}.
 */
final class TraceState {

  static final String KEY = "tracestate";

  private static final int LONGEST = 16 * 1024;
  private static final int MOST_MEMBERS = 32;
  private static final Pattern MEMBER =
      Pattern.compile(
          "(?<key>[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
              + "=[ -+\\--<>-~]{0,255}[!-+\\--<>-~]");

  private TraceState() {}

  /** Whether it is one that says anything. */
  static boolean isValid(String text) {
    if (text.length() > LONGEST) {
      return false;
    }
    Set<String> keys = new HashSet<>();
    int members = 0;
    for (String part : text.split(",", -1)) {
      String member = strip(part);
      if (!member.isEmpty()) {
        var matched = MEMBER.matcher(member);
        members++;
        if (members > MOST_MEMBERS || !matched.matches() || !keys.add(matched.group("key"))) {
          return false;
        }
      }
    }
    return members > 0;
  }

  /** Without the blanks and tabs around it. */
  private static String strip(String part) {
    int from = 0;
    int to = part.length();
    while (from < to && isBlank(part.charAt(from))) {
      from++;
    }
    while (from < to && isBlank(part.charAt(to - 1))) {
      to--;
    }
    return part.substring(from, to);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }
}
