package io.shigoto.internal.json;

/** What PostgreSQL's {@code jsonb} can hold, seen on the text. */
final class JsonText {

  private JsonText() {}

  /** Refuses NUL, lone surrogates, and numbers that JSON does not have. One pass. */
  static void requireStorable(String what, String json) {
    boolean quoted = false;
    for (int i = 0; i < json.length(); i++) {
      char c = json.charAt(i);
      if (c == '"') {
        quoted = !quoted;
      } else if (c == '\\') {
        i++;
        if (json.startsWith("u0000", i)) {
          throw refused(what, "\\u0000", "PostgreSQL cannot hold it");
        }
      } else if (!quoted && (c == 'N' || c == 'I')) {
        throw refused(what, "NaN or Infinity", "JSON does not have it");
      } else if (Character.isSurrogate(c)) {
        if (Character.isLowSurrogate(c)
            || i + 1 == json.length()
            || !Character.isLowSurrogate(json.charAt(i + 1))) {
          throw refused(what, "a lone surrogate \\u%04x".formatted((int) c), "it is not Unicode");
        }
        i++;
      }
    }
  }

  /** How many bytes the text has in UTF-8. */
  static long bytes(String text) {
    long bytes = text.length();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x800) {
        bytes += Character.isSurrogate(c) ? 1 : 2;
      } else if (c >= 0x80) {
        bytes += 1;
      }
    }
    return bytes;
  }

  private static IllegalArgumentException refused(String what, String found, String why) {
    return new IllegalArgumentException(what + " contains " + found + ": " + why);
  }
}
