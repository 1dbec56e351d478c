package io.shigoto.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoIT {

  private static final Duration LIMIT = Duration.ofMinutes(2);
  private static final WordRule RULE = WordRule.ofThisMachine();

  private static TestDatabase database;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @TempDir Path folder;

  @BeforeAll
  static void createDatabase() {
    database = TestDatabase.createEmpty(PostgresServer.shared());
  }

  @AfterAll
  static void dropDatabase() {
    database.drop();
  }

  @Test
  void totalsAreThoseOfFindAndWc() throws IOException {
    Grove.plant(folder);
    Inventory inventory = inventory();

    boolean complete = show(inventory);

    List<String> total =
        Shell.words(shown().lines().filter(line -> line.startsWith("  total")).toList().get(0));
    List<String> wc = Shell.words(Shell.run(inventory.check(RULE)));
    assertThat(complete).isTrue();
    assertThat(total.get(1)).isEqualTo(Integer.toString(inventory.size()));
    assertThat(total.subList(2, 5)).isEqualTo(wc.subList(0, 3));
    assertThat(shown()).contains("each file counted exactly once").contains("100 %");
  }

  @Test
  void eachFileHasTheCountsOfWcAndTheSumOfSha256sum() throws IOException {
    Grove.plant(folder);
    Inventory inventory = inventory();

    Report report = count(inventory);

    Map<Path, String> counted = new TreeMap<>();
    report.rows().forEach(row -> counted.put(Path.of(row.file()), text(row.count())));
    assertThat(counted).isEqualTo(byShell(inventory)).hasSize(inventory.size());
  }

  @Test
  void everyTenthFileNeedsASecondAttempt() throws IOException {
    Grove.plant(folder);
    Inventory inventory = inventory();

    Report report = count(inventory);

    assertThat(report.isComplete()).isTrue();
    assertThat(report.attempts() - inventory.size()).isEqualTo((inventory.size() + 9) / 10);
  }

  @Test
  void aFileThatIsGoneIsNamedAndIsNoSuccess() throws IOException {
    Files.writeString(folder.resolve("kept.txt"), "one two\n");
    Path gone = Files.writeString(folder.resolve("gone.txt"), "three\n");
    Inventory inventory = inventory();
    Files.delete(gone);

    boolean complete = show(inventory);

    assertThat(complete).isFalse();
    assertThat(shown())
        .contains("not counted: " + gone)
        .contains("NOT every file was counted exactly once")
        .doesNotContain("kept.txt");
  }

  /** Gone after the folder was looked through, and before a job reads it. */
  @Test
  void theProgramEndsWithOneWhenAFileWasNotCounted() throws IOException {
    Files.writeString(folder.resolve("kept.txt"), "one two\n");
    Path gone = Files.writeString(folder.resolve("gone.txt"), "three\n");
    PrintStream deleting =
        new PrintStream(out, true, StandardCharsets.UTF_8) {
          @Override
          public void print(String text) {
            if (text.contains("server")) {
              gone.toFile().delete();
            }
            super.print(text);
          }
        };

    int code = Main.run(folder.toString(), deleting, false);

    assertThat(shown())
        .contains("files   2 ")
        .contains("not counted: " + gone)
        .contains("NOT every file was counted exactly once")
        .containsPattern("(?m)^  total +1 +1 +2 +8$");
    assertThat(code).isEqualTo(1);
  }

  @Test
  void nothingIsLeftInTheDatabase() throws IOException {
    Files.writeString(folder.resolve("one.txt"), "one\n");

    count(inventory());

    assertThat(database.number("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'shigoto%'"))
        .isZero();
  }

  private Inventory inventory() {
    return Inventory.of(folder).block(LIMIT);
  }

  private boolean show(Inventory inventory) {
    return Main.count(inventory, database.connectionFactory(), output(), false);
  }

  private Report count(Inventory inventory) {
    return new Demo(database.connectionFactory(), RULE)
        .count(inventory, new Progress(output(), true, inventory.size()))
        .block(LIMIT);
  }

  private PrintStream output() {
    return new PrintStream(out, true, StandardCharsets.UTF_8);
  }

  private String shown() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private static Map<Path, String> byShell(Inventory inventory) throws IOException {
    Map<Path, String> counts = new TreeMap<>();
    for (Inventory.Entry entry : inventory.entries()) {
      Path file = Path.of(entry.file());
      byte[] contents = Files.readAllBytes(file);
      List<String> wc = Shell.words(Shell.run(RULE.wc() + " -lwc", contents));
      String sum = Shell.words(Shell.run("sha256sum", contents)).get(0);
      counts.put(file, wc + " " + sum);
    }
    return counts;
  }

  private static String text(FileCount count) {
    return List.of(
            Long.toString(count.lines()),
            Long.toString(count.words()),
            Long.toString(count.bytes()))
        + " "
        + count.sha256();
  }
}
