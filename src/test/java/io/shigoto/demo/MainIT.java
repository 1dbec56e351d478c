package io.shigoto.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.support.PostgresServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as its users start it. */
class MainIT {

  @TempDir Path folder;

  @Test
  void endsWithZeroWhenEveryFileWasCounted() throws IOException {
    Grove.plant(folder);

    Ended ended = run("-Dinput=" + folder);

    assertThat(ended.output).contains("each file counted exactly once");
    assertThat(ended.code).isZero();
  }

  @Test
  void endsWithTwoWhenThereIsNothingToCount() throws IOException {
    Ended ended = run("-Dinput=" + folder);

    assertThat(ended.output).contains("has no files to count");
    assertThat(ended.code).isEqualTo(2);
  }

  @Test
  void endsWithOneAndOneLineWhenTheServerCannotBeReached() throws IOException {
    Files.writeString(folder.resolve("one.txt"), "one\n");

    Ended ended = run("-Dinput=" + folder, "r2dbc:postgresql://nobody:nothing@127.0.0.1:1/nowhere");

    assertThat(ended.output)
        .contains("\ndemo: ")
        .contains("Cannot connect to 127.0.0.1")
        .doesNotContain("\tat ");
    assertThat(ended.output).doesNotContain("nothing@");
    assertThat(ended.code).isEqualTo(1);
  }

  private static Ended run(String input) throws IOException {
    return run(input, System.getenv(PostgresServer.URL_VARIABLE));
  }

  private static Ended run(String input, String url) throws IOException {
    ProcessBuilder java =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Dlogback.configurationFile=src/demo/logback.xml",
            input,
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName());
    if (url != null) {
      java.environment().put(PostgresServer.URL_VARIABLE, url);
    }
    Process process = java.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Ended(process.onExit().join().exitValue(), output);
  }

  private record Ended(int code, String output) {}
}
