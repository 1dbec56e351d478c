package io.shigoto.demo;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Runs a command of the shell and gives back what it wrote. */
final class Shell {

  private Shell() {}

  /** Gives it nothing to read. */
  static String run(String command) throws IOException {
    return run(command, new byte[0]);
  }

  static String run(String command, byte[] input) throws IOException {
    Process process = new ProcessBuilder("sh", "-c", command).redirectErrorStream(true).start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(input);
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.onExit().join().exitValue();
    if (code != 0) {
      throw new IOException(command + " ended with " + code + ": " + output);
    }
    return output;
  }

  /** The words of a line, without what separates thousands. */
  static List<String> words(String line) {
    return List.of(line.strip().replace(",", "").split("\\s+"));
  }
}
