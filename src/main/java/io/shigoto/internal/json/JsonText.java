package io.shigoto.internal.json;

import java.util.HexFormat;

/**
 * What PostgreSQL's {@code jsonb} can hold, seen on the text in one pass: JSON by its grammar,
 * which raw values may break, less what the server refuses. Whoever gave a value hears of it with
 * its name, before it shares a statement with others. What is refused is never quoted.
 */
final class JsonText {

  /** Far below what the server's stack holds, and above what Jackson reads by default. */
  static final int DEEPEST = 1_000;

  private static final String ESCAPES = "\"\\/bfnrt";
  private static final char END = '\0';

  private final String what;
  private final String text;
  private int at;

  private JsonText(String what, String text) {
    this.what = what;
    this.text = text;
  }

  /** Refuses what jsonb cannot hold. */
  static void requireStorable(String what, String json) {
    JsonText text = new JsonText(what, json);
    text.value(0);
    text.next();
    text.require(text.at == json.length());
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

  private void value(int depth) {
    switch (next()) {
      case '"' -> string();
      case '{' -> elements('}', depth);
      case '[' -> elements(']', depth);
      case 't' -> literal("true");
      case 'f' -> literal("false");
      case 'n' -> literal("null");
      default -> number();
    }
  }

  private void elements(char end, int depth) {
    if (depth == DEEPEST) {
      throw new IllegalArgumentException(what + " is nested more than " + DEEPEST + " deep");
    }
    at++;
    if (next() == end) {
      at++;
      return;
    }
    do {
      if (end == '}') {
        key();
      }
      value(depth + 1);
    } while (more(end));
  }

  private void key() {
    require(next() == '"');
    string();
    require(next() == ':');
    at++;
  }

  private boolean more(char end) {
    char c = next();
    require(c == ',' || c == end);
    at++;
    return c == ',';
  }

  private void literal(String expected) {
    require(text.startsWith(expected, at));
    at += expected.length();
  }

  private void string() {
    at++;
    for (char c = special(); c != '"'; c = special()) {
      require(c >= ' ');
      if (c == '\\') {
        at++;
        escape();
      } else {
        pair(c, at + 1 < text.length() ? text.charAt(at + 1) : END);
        at += 2;
      }
    }
    at++;
  }

  /** Passes over what is only itself in a string. */
  private char special() {
    int i = at;
    while (i < text.length() && isPlain(text.charAt(i))) {
      i++;
    }
    at = i;
    return here();
  }

  private static boolean isPlain(char c) {
    return c >= ' ' && c != '"' && c != '\\' && !Character.isSurrogate(c);
  }

  private void escape() {
    if (here() != 'u') {
      require(here() != END && ESCAPES.indexOf(here()) >= 0);
      at++;
      return;
    }
    char c = unit(at + 1);
    at += 5;
    if (c == '\0') {
      throw refused("\\u0000", "PostgreSQL cannot hold it");
    }
    if (Character.isSurrogate(c)) {
      pair(c, text.startsWith("\\u", at) ? unit(at + 2) : END);
      at += 6;
    }
  }

  private char unit(int from) {
    int unit = 0;
    for (int i = from; i < from + 4; i++) {
      require(i < text.length() && HexFormat.isHexDigit(text.charAt(i)));
      unit = unit * 16 + HexFormat.fromHexDigit(text.charAt(i));
    }
    return (char) unit;
  }

  private void pair(char high, char low) {
    if (!Character.isSurrogatePair(high, low)) {
      throw refused("a lone surrogate \\u%04x".formatted((int) high), "it is not Unicode");
    }
  }

  private void number() {
    int first = here() == '-' ? ++at : at;
    if (here() == 'N' || here() == 'I') {
      throw refused("NaN or Infinity", "JSON does not have it");
    }
    if (here() == '0') {
      at++;
    } else {
      digits();
    }
    int point = at;
    if (here() == '.') {
      at++;
      digits();
    }
    int mantissa = at;
    if (here() == 'e' || here() == 'E') {
      at++;
      at += here() == '+' || here() == '-' ? 1 : 0;
      digits();
    }
    if (!JsonNumber.isStorable(text, first, point, mantissa, at)) {
      throw refused("a number out of range", "PostgreSQL's numeric cannot hold it");
    }
  }

  private void digits() {
    require(isDigit(here()));
    while (isDigit(here())) {
      at++;
    }
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private char here() {
    return at < text.length() ? text.charAt(at) : END;
  }

  /** Passes over blanks. */
  private char next() {
    char c = here();
    while (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      at++;
      c = here();
    }
    return c;
  }

  private void require(boolean isJson) {
    if (!isJson) {
      throw new IllegalArgumentException(
          at >= text.length()
              ? what + " is not JSON: it ends too early"
              : "%s is not JSON: character %d does not belong there".formatted(what, at + 1));
    }
  }

  private IllegalArgumentException refused(String found, String why) {
    return new IllegalArgumentException(what + " contains " + found + ": " + why);
  }
}
