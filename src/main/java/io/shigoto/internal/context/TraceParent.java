package io.shigoto.internal.context;

import java.util.regex.Pattern;

/**
 * The header {@code traceparent} of W3C Trace Context, levels 1 and 2: {@code
 * version-traceid-parentid-flags}, all in lower case hex. A version after ours may have more behind
 * that.
 */
final class TraceParent {

  static final String KEY = "traceparent";

  private static final String REST = "-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}";
  private static final Pattern OURS = Pattern.compile("00" + REST);
  private static final Pattern LATER =
      Pattern.compile("(?!00|ff)[0-9a-f]{2}" + REST + "(-[!-~]{0,400})?");

  private TraceParent() {}

  /** Whether it is one; anything else is ignored, as the standard asks for. */
  static boolean isValid(String text) {
    return OURS.matcher(text).matches() || LATER.matcher(text).matches();
  }
}
