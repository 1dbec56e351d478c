package io.shigoto.rules;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.control.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** No reason why a job does not run is without a test that brings it about, and none is unsaid. */
class ReasonsTest {

  @Test
  void eachIsBroughtAboutByATest() throws IOException {
    String tests = text(testsOfExplanations());

    assertThat(reasons())
        .hasSizeGreaterThan(20)
        .allSatisfy(
            reason ->
                assertThat(Pattern.compile("\\b" + reason + "\\b").matcher(tests).find())
                    .as("a test of %s", reason)
                    .isTrue());
  }

  @Test
  void eachIsOnThePage() throws IOException {
    String page = Files.readString(Path.of("docs/explain.md"));

    assertThat(reasons())
        .allSatisfy(reason -> assertThat(page).as("docs/explain.md").contains("`" + reason + "`"));
  }

  /** Those that are facts, not those that only gather others. */
  private static List<String> reasons() {
    return records(Reason.class).map(Class::getSimpleName).toList();
  }

  private static Stream<Class<?>> records(Class<?> type) {
    return type.isRecord()
        ? Stream.of(type)
        : Stream.of(Objects.requireNonNull(type.getPermittedSubclasses(), type.getName()))
            .flatMap(ReasonsTest::records);
  }

  private static List<Path> testsOfExplanations() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/test/java/io/shigoto"))) {
      return files
          .filter(file -> file.getFileName().toString().matches("(Explain\\w*|Heavy)IT\\.java"))
          .toList();
    }
  }

  private static String text(List<Path> files) throws IOException {
    StringBuilder all = new StringBuilder();
    for (Path file : files) {
      Files.readAllLines(file).stream()
          .filter(line -> !line.startsWith("import "))
          .forEach(line -> all.append(line).append('\n'));
    }
    return all.toString();
  }
}
