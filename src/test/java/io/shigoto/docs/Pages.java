package io.shigoto.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** README.md and the pages of docs/, and the code that they show. */
final class Pages {

  private static final Pattern FENCE = Pattern.compile("(?ms)^```(\\w*)\\R(.*?)^```$");
  private static final Path CODE = Path.of("src/test/java/io/shigoto/docs");

  private Pages() {}

  /** All pages. */
  static List<Path> all() {
    try (Stream<Path> pages = Files.list(Path.of("docs"))) {
      return Stream.concat(Stream.of(Path.of("README.md")), pages)
          .filter(page -> page.toString().endsWith(".md"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String text(Path page) {
    try {
      return Files.readString(page);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<String> blocks(Path page, String language) {
    return blocks(text(page), language);
  }

  /** What stands between fences of a language, in its order. */
  static List<String> blocks(String page, String language) {
    List<String> blocks = new ArrayList<>();
    Matcher fence = FENCE.matcher(page);
    while (fence.find()) {
      if (fence.group(1).equals(language)) {
        blocks.add(fence.group(2).strip());
      }
    }
    return blocks;
  }

  /** What stands between {@code // shown} and {@code // end} in the tests of this package. */
  static List<String> shownCode() {
    return shown().stream().map(Pages::flush).toList();
  }

  /** Of it what a test runs from top to bottom: the statements of its methods, and programs. */
  static List<String> codeThatRuns() {
    return shown().stream().filter(Pages::runs).map(Pages::flush).toList();
  }

  private static boolean runs(String code) {
    return code.contains(" static void main(")
        || (code.startsWith("    ") && !code.startsWith("    @Override"));
  }

  private static String flush(String code) {
    return code.stripTrailing().stripIndent().strip();
  }

  private static List<String> shown() {
    List<String> shown = new ArrayList<>();
    for (Path file : codeFiles()) {
      List<String> open = null;
      for (String line : text(file).lines().toList()) {
        if (line.strip().equals("// shown")) {
          open = new ArrayList<>();
        } else if (line.strip().equals("// end") && open != null) {
          shown.add(String.join("\n", open));
          open = null;
        } else if (open != null) {
          open.add(line);
        }
      }
    }
    return shown;
  }

  private static List<Path> codeFiles() {
    try (Stream<Path> files = Files.list(CODE)) {
      return files.filter(file -> file.toString().endsWith(".java")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
