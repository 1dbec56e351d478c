package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tests that pages name are there. */
class NamedTestsTest {

  private static final Pattern NAME = Pattern.compile("`(\\w+(?:IT|Test))(?:\\.(\\w+))?`");

  @ParameterizedTest
  @ValueSource(strings = {"docs/promises.md", "docs/findings.md"})
  void everyTestThatAPageNamesIsThere(String page) throws IOException {
    Map<String, String> tests = tests();
    List<String> missing = new ArrayList<>();
    List<MatchResult> named = NAME.matcher(Pages.text(Path.of(page))).results().toList();

    for (MatchResult name : named) {
      String source = tests.get(name.group(1) + ".java");
      if (source == null
          || (name.group(2) != null && !source.contains("void " + name.group(2) + "("))) {
        missing.add(name.group());
      }
    }

    assertThat(named).hasSizeGreaterThan(5);
    assertThat(missing).isEmpty();
  }

  /** Their sources, by name. */
  private static Map<String, String> tests() throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
      return files
          .filter(file -> file.toString().endsWith(".java"))
          .collect(
              Collectors.toMap(
                  file -> file.getFileName().toString(), Pages::text, (one, other) -> one + other));
    }
  }
}
