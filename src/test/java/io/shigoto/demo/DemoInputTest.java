package io.shigoto.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No server is started for any of these. */
class DemoInputTest {

  private static final int REFUSED = 2;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @TempDir Path folder;

  @Test
  void aFolderThatIsNotThereIsRefused() {
    Path missing = folder.resolve("missing");

    assertThat(run(missing.toString())).isEqualTo(REFUSED);
    assertThat(shown()).isEqualTo("demo: there is no folder " + missing + "\n");
  }

  @Test
  void aFileIsRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "text");

    assertThat(run(file.toString())).isEqualTo(REFUSED);
    assertThat(shown()).isEqualTo("demo: " + file + " is not a folder\n");
  }

  @Test
  void aFolderWithoutFilesIsRefused() throws IOException {
    Files.createDirectories(folder.resolve("empty/target"));
    Files.writeString(folder.resolve("empty/target/left-out"), "text");

    assertThat(run(folder.toString())).isEqualTo(REFUSED);
    assertThat(shown()).contains(folder + " has no files to count (.git and target are left out)");
  }

  @Test
  void noFolderIsRefused() {
    assertThat(run(" ")).isEqualTo(REFUSED);
    assertThat(shown()).isEqualTo("demo: no folder was given: -Dinput=DIR\n");
  }

  @Test
  void aNameThatNoFileCanHaveIsRefused() {
    assertThat(run("a\0b")).isEqualTo(REFUSED);
    assertThat(shown()).startsWith("demo: not a folder's name:");
  }

  /** Not even root can list a folder whose path is longer than the system takes. */
  @Test
  void aFolderThatCannotBeReadIsRefused() throws IOException {
    Files.writeString(folder.resolve("readable.txt"), "text");
    Path deep = folder.resolve("deep");
    Path deeper = folder.resolve("deeper");
    String name = "d".repeat(200);
    for (int i = 0; i < 12; i++) {
      deep = deep.resolve(name);
      deeper = deeper.resolve(name);
    }
    Files.createDirectories(deep);
    Files.createDirectories(deeper);
    Files.move(folder.resolve("deeper"), deep.resolve("deeper"));
    try {
      assertThat(run(folder.toString())).isEqualTo(REFUSED);
      assertThat(shown()).startsWith("demo: the folder cannot be read: ").contains("too long");
    } finally {
      Shell.run("rm -rf '" + folder.resolve("deep") + "'");
    }
  }

  private int run(String input) {
    return Main.run(input, new PrintStream(out, true, StandardCharsets.UTF_8), false);
  }

  private String shown() {
    return out.toString(StandardCharsets.UTF_8);
  }
}
