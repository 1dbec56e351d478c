package io.shigoto.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Runs a command of the shell and gives back what it wrote. */
final class Shell {

  private Shell() {}

  /**
   * @param arguments {@code $1} and so on
   */
  static String run(String command, Object... arguments) throws IOException {
    List<String> words = new ArrayList<>(List.of("sh", "-c", command, "sh"));
    for (Object argument : arguments) {
      words.add(argument.toString());
    }
    Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
    process.getOutputStream().close();
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
