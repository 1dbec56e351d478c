package io.shigoto.demo;

/** The result of a job. */
record FileCount(long lines, long words, long bytes, String sha256) {

  static final FileCount ZERO = new FileCount(0, 0, 0, "");

  /** The sums of both. */
  FileCount plus(FileCount other) {
    return new FileCount(lines + other.lines, words + other.words, bytes + other.bytes, "");
  }
}
