package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.ShigotoBuilder;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.worker.ReactiveWorker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The pages show code that is compiled and run, and leave nothing out that they list. */
class PagesTest {

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)(#[^)]*)?\\)");
  private static final Pattern CLASS = Pattern.compile("`(?:[a-z]+\\.)*([A-Z][A-Za-z]*)`");
  private static final Pattern LOG =
      Pattern.compile("LOG\\s*\\.at(Info|Warn|Error)\\(\\)[^;]*?\\.log\\(\\s*\"([^\"{]+)");

  static List<Path> pages() {
    return Pages.all();
  }

  /** The page about Spring has a test of its own, beside its example. */
  static List<Path> pagesOfThisPackage() {
    return Pages.all().stream().filter(page -> !page.endsWith("spring.md")).toList();
  }

  @ParameterizedTest
  @MethodSource("pagesOfThisPackage")
  void javaOnAPageIsCodeOfATest(Path page) {
    assertThat(Pages.shownCode()).containsAll(Pages.blocks(page, "java"));
  }

  @Test
  void codeThatIsMarkedIsShown() {
    List<String> blocks =
        Pages.all().stream().flatMap(page -> Pages.blocks(page, "java").stream()).toList();

    assertThat(blocks).containsAll(Pages.shownCode());
  }

  @ParameterizedTest
  @MethodSource("pages")
  void linksLeadSomewhere(Path page) {
    Path folder = page.toAbsolutePath().getParent();

    assertThat(LINK.matcher(Pages.text(page)).results().map(link -> link.group(1)))
        .allSatisfy(link -> assertThat(folder.resolve(link)).exists());
  }

  @Test
  void everyEventIsInTheTable() {
    String page = Pages.text(Path.of("docs/events.md"));

    assertThat(JobEvent.Kind.values())
        .allSatisfy(kind -> assertThat(page).contains("| `" + kind + "` |"));
  }

  @Test
  void everyCallbackOfAWorkerIsInTheTable() {
    assertThat(methods(ReactiveWorker.class))
        .allSatisfy(name -> assertThat(workers()).contains("`" + name + "("));
  }

  @Test
  void everyOptionOfANewJobIsExplained() {
    String page = Pages.text(Path.of("docs/enqueueing.md"));

    assertThat(methodsThatGive(NewJob.class, NewJob.class))
        .allSatisfy(name -> assertThat(page).contains("`" + name + "("));
  }

  @Test
  void everyOptionOfTheBuilderIsInTheTable() {
    String page = Pages.text(Path.of("docs/operations.md"));

    assertThat(methodsThatGive(ShigotoBuilder.class, ShigotoBuilder.class))
        .allSatisfy(name -> assertThat(page).contains("`" + name + "("));
  }

  @Test
  void everyStatementHasItsPlaceInTheLifeOfAJob() {
    String page = Pages.text(Path.of("docs/life-of-a-job.md"));

    assertThat(files(Path.of("src/main/resources/io/shigoto/sql"), 1, ".sql"))
        .allSatisfy(file -> assertThat(page).contains("`" + file.getFileName() + "`"));
  }

  @Test
  void everyClassInTheLifeOfAJobIsThere() {
    List<String> types =
        files(Path.of("src/main/java/io/shigoto"), 9, ".java").stream()
            .map(file -> file.getFileName().toString().replace(".java", ""))
            .toList();
    List<String> named =
        CLASS
            .matcher(Pages.text(Path.of("docs/life-of-a-job.md")))
            .results()
            .map(name -> name.group(1))
            .filter(name -> !name.equals("Flux") && !name.equals("Mono"))
            .distinct()
            .toList();

    assertThat(named).isNotEmpty().allSatisfy(name -> assertThat(types).contains(name));
  }

  @Test
  void everyLineOfTheLogIsExplained() {
    String page = Pages.text(Path.of("docs/operations.md"));

    assertThat(logLines()).isNotEmpty().allSatisfy(line -> assertThat(page).contains(line));
  }

  private static String workers() {
    return Pages.text(Path.of("docs/workers.md"));
  }

  private static List<String> methods(Class<?> type) {
    return Arrays.stream(type.getDeclaredMethods())
        .filter(method -> !method.isSynthetic())
        .map(Method::getName)
        .distinct()
        .toList();
  }

  private static List<String> methodsThatGive(Class<?> type, Class<?> returned) {
    return Arrays.stream(type.getDeclaredMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()))
        .filter(method -> !Modifier.isStatic(method.getModifiers()))
        .filter(method -> method.getReturnType() == returned)
        .map(Method::getName)
        .distinct()
        .toList();
  }

  private static List<Path> files(Path folder, int depth, String ending) {
    try (Stream<Path> files = Files.walk(folder, depth)) {
      return files.filter(file -> file.toString().endsWith(ending)).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a person may read in the log, up to the first colon. */
  private static List<String> logLines() {
    return files(Path.of("src/main/java"), 20, ".java").stream()
        .flatMap(file -> LOG.matcher(Pages.text(file)).results())
        .map(line -> line.group(2).strip())
        .distinct()
        .toList();
  }
}
