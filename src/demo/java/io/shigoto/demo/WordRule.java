package io.shigoto.demo;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.IntPredicate;

/**
 * What separates words and what makes one. The programs called {@code wc} do not agree on it, and
 * neither do the locales; the demo asks the one at hand, so that both count alike.
 *
 * @param unicode whether bytes are read as UTF-8; otherwise each byte stands for itself
 * @param anything whether all that is no white space makes a word (POSIX, and GNU since 9.4), or
 *     only what can be printed (GNU before 9.4)
 * @param printable tells it of characters beyond ASCII
 */
record WordRule(boolean unicode, boolean anything, IntPredicate printable) {

  /** Stands for a byte that is not UTF-8. */
  static final int BROKEN = -1;

  private static final IntPredicate EVERY = character -> true;
  private static final String EM_SPACE = "a\u2003b";
  private static final String CONTROL = "\u0001";
  private static final int WORD_JOINER = 0x2060;

  /** The rule of this machine's {@code wc} in this process's locale; blocks until it answered. */
  static WordRule ofThisMachine() {
    return of("");
  }

  /**
   * The rule in another environment.
   *
   * @param settings as a shell takes them before a command, such as {@code LC_ALL=C}
   */
  static WordRule of(String settings) {
    try {
      boolean unicode = count(settings, EM_SPACE) == 2;
      boolean anything = count(settings, CONTROL) == 1;
      return new WordRule(
          unicode, anything, unicode && !anything ? Printable.onThisMachine(settings) : EVERY);
    } catch (IOException | NumberFormatException none) {
      return new WordRule(true, true, EVERY);
    }
  }

  /** The command that counts as this rule does. */
  String wc() {
    return unicode ? "wc" : "LC_ALL=C wc";
  }

  boolean isSpace(int c) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      return true;
    }
    return unicode && c > 0x7f && (c == WORD_JOINER || isSpaceType(Character.getType(c)));
  }

  boolean makesWord(int c) {
    return anything || (c < 0x7f ? c > ' ' : unicode && printable.test(c));
  }

  private boolean isSpaceType(int type) {
    return type == Character.SPACE_SEPARATOR
        || (anything
            && (type == Character.LINE_SEPARATOR || type == Character.PARAGRAPH_SEPARATOR));
  }

  private static int count(String settings, String text) throws IOException {
    Process process =
        new ProcessBuilder("sh", "-c", settings + " wc -w").redirectErrorStream(true).start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(text.getBytes(StandardCharsets.UTF_8));
    }
    byte[] answer = process.getInputStream().readAllBytes();
    return Integer.parseInt(new String(answer, StandardCharsets.US_ASCII).strip());
  }
}
