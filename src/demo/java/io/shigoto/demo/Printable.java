package io.shigoto.demo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.function.IntPredicate;

/**
 * The characters that this machine's C library can print, which depends on its version of Unicode:
 * {@code grep} is asked about all of them.
 */
final class Printable {

  private static final int FIRST = 0x80;

  private Printable() {}

  /**
   * Blocks until it is known. Where there is no grep, none beyond ASCII can.
   *
   * @param settings see {@link WordRule#of}
   */
  static IntPredicate onThisMachine(String settings) {
    try {
      Path all = Files.createTempFile("characters", ".txt");
      try {
        Files.writeString(all, characters());
        return matching(settings, all)::get;
      } finally {
        Files.delete(all);
      }
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  private static BitSet matching(String settings, Path all) throws IOException {
    Process grep =
        new ProcessBuilder(
                "sh", "-c", settings + " grep -a '[[:print:]]' \"$1\"", "sh", all.toString())
            .start();
    BitSet matching = new BitSet();
    try (BufferedReader lines = grep.inputReader(StandardCharsets.UTF_8)) {
      lines.lines().forEach(line -> matching.set(line.codePointAt(0)));
    }
    return matching;
  }

  /** One to a line. */
  private static String characters() {
    StringBuilder text = new StringBuilder();
    for (int c = FIRST; c <= Character.MAX_CODE_POINT; c++) {
      if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
        text.appendCodePoint(c).append('\n');
      }
    }
    return text.toString();
  }
}
