package io.shigoto.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class HouseRulesTest {

  private static final Path SOURCES = Path.of("src/main/java");

  @TestFactory
  Stream<DynamicTest> theLibraryKeepsEveryRule() {
    return HouseRules.all().entrySet().stream()
        .map(rule -> DynamicTest.dynamicTest(rule.getKey(), () -> keeps(rule.getValue())));
  }

  /** A rule that lets its own sinner pass watches nothing. */
  @TestFactory
  Stream<DynamicTest> everyRuleCatchesItsSinner() {
    JavaClasses sinners = new ClassFileImporter().importClasses(Sinners.class.getDeclaredClasses());
    return HouseRules.all().entrySet().stream()
        .map(
            rule ->
                DynamicTest.dynamicTest(
                    rule.getKey(),
                    () -> assertThat(rule.getValue().evaluate(sinners).hasViolation()).isTrue()));
  }

  /** Bytecode does not show a block that locks in a way that ArchUnit can see. */
  @Test
  void theWordSynchronizedDoesNotOccur() throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      List<Path> java = files.filter(file -> file.toString().endsWith(".java")).toList();
      assertThat(java).isNotEmpty();
      assertThat(java)
          .allSatisfy(file -> assertThat(file).content().doesNotContain("synchronized ("));
    }
  }

  private static void keeps(ArchRule rule) {
    rule.check(Library.CLASSES);
  }
}
