package io.shigoto.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ReportTest {

  private static final URI A = URI.create("file:///folder/a.txt");
  private static final URI B = URI.create("file:///folder/b.txt");
  private static final URI C = URI.create("file:///folder/c.txt");

  private static final Inventory INVENTORY =
      new Inventory(
          Path.of("/folder"), List.of(new Inventory.Entry(A, 10), new Inventory.Entry(B, 10)));

  @Test
  void itIsCompleteWhenEveryFileWasCountedOnce() {
    Report report = new Report(INVENTORY, List.of(counted(B), counted(A)));

    assertThat(report.isComplete()).isTrue();
    assertThat(report.problems()).isEmpty();
    assertThat(report.total()).isEqualTo(new FileCount(2, 4, 20, ""));
  }

  static Stream<Arguments> incomplete() {
    return Stream.of(
        Arguments.of("no job", List.of()),
        Arguments.of("a job is missing", List.of(counted(A))),
        Arguments.of("a file twice, another not", List.of(counted(A), counted(A))),
        Arguments.of("a file twice", List.of(counted(A), counted(A), counted(B))),
        Arguments.of("another file", List.of(counted(A), counted(C))),
        Arguments.of("a file too many", List.of(counted(A), counted(B), counted(C))),
        Arguments.of("a job that failed", List.of(counted(A), failed(B))),
        Arguments.of(
            "failed, and counted by another job", List.of(counted(A), counted(B), failed(B))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("incomplete")
  void itIsNotComplete(String what, List<Row> rows) {
    assertThat(new Report(INVENTORY, rows).isComplete()).isFalse();
  }

  @Test
  void whatFailedIsNamedWithItsErrorAndIsInNoSum() {
    Report report = new Report(INVENTORY, List.of(counted(A), failed(B)));

    assertThat(report.problems())
        .contains("not counted: /folder/b.txt (discarded: it is gone)")
        .doesNotContain("a.txt");
    assertThat(report.total()).isEqualTo(new FileCount(1, 2, 10, ""));
  }

  private static Row counted(URI file) {
    return new Row(file, "completed", 1, new FileCount(1, 2, 10, "sum"), 0, 0, 1, "");
  }

  private static Row failed(URI file) {
    return new Row(file, "discarded", 3, null, 0, 0, 1, "it is gone");
  }
}
