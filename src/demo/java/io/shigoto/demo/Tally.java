package io.shigoto.demo;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Counts the bytes of one file as they arrive, as {@code wc} does. */
final class Tally {

  private final WordRule rule;
  private final Utf8 text = new Utf8(this::look);
  private final MessageDigest digest = sha256();
  private long lines;
  private long words;
  private long bytes;
  private boolean inWord;

  Tally(WordRule rule) {
    this.rule = rule;
  }

  long bytes() {
    return bytes;
  }

  /** Takes all that remains in the buffer. */
  void add(ByteBuffer buffer) {
    digest.update(buffer.duplicate());
    bytes += buffer.remaining();
    while (buffer.hasRemaining()) {
      add(buffer.get());
    }
  }

  FileCount total() {
    return new FileCount(lines, words, bytes, HexFormat.of().formatHex(digest.digest()));
  }

  private void add(byte b) {
    if (b == '\n') {
      lines++;
    }
    if (rule.unicode()) {
      text.add(b);
    } else {
      look(b & 0xff);
    }
  }

  private void look(int character) {
    if (rule.isSpace(character)) {
      inWord = false;
    } else if (!inWord && rule.makesWord(character)) {
      inWord = true;
      words++;
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("every JDK has SHA-256", impossible);
    }
  }
}
