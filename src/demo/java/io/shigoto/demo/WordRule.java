package io.shigoto.demo;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * What makes a word of the bytes between two white spaces. The programs called {@code wc} do not
 * agree where bytes are no text, and the demo wants to agree with the one at hand.
 */
enum WordRule {
  /** One byte of any kind: POSIX, and GNU since 9.4. */
  ANY_BYTE,
  /** One printable ASCII character: GNU before 9.4 in the C locale. */
  PRINTABLE;

  boolean makesWord(byte b) {
    return this == ANY_BYTE || (b > ' ' && b < 0x7f);
  }

  /** Asks this machine's {@code wc}; blocks until it has answered. */
  static WordRule ofThisMachine() {
    ProcessBuilder wc = new ProcessBuilder("wc", "-w").redirectErrorStream(true);
    wc.environment().put("LC_ALL", "C");
    try {
      Process process = wc.start();
      try (OutputStream in = process.getOutputStream()) {
        in.write(1);
      }
      byte[] answer = process.getInputStream().readAllBytes();
      return new String(answer, StandardCharsets.US_ASCII).strip().equals("0")
          ? PRINTABLE
          : ANY_BYTE;
    } catch (IOException none) {
      return ANY_BYTE;
    }
  }
}
