package io.shigoto.support;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs short programs to their end. */
final class Programs {

  private Programs() {}

  /**
   * Returns what the program printed.
   *
   * @throws IOException if it cannot be started or ends with another code than zero
   */
  static String run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.onExit().join().exitValue();
    if (code != 0) {
      throw new IOException(command + " ended with " + code + ": " + printed);
    }
    return printed;
  }
}
