package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.ShigotoBuilder;
import io.shigoto.batch.NewBatch;
import io.shigoto.control.JobFilter;
import io.shigoto.control.LoadShedding;
import io.shigoto.control.Reason;
import io.shigoto.event.JobEvent;
import io.shigoto.job.NewJob;
import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Unique;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The pages show code that is compiled and run, and leave nothing out that they list. */
class PagesTest {

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]*)(?:#([^)]*))?\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");
  private static final Pattern BEFORE_MORE =
      Pattern.compile("(?s).*?(?=^## |^\\||\\z)", Pattern.MULTILINE);

  /** Pages to look something up in. All others are about a topic, and begin with its example. */
  private static final Set<String> REFERENCE =
      Set.of("findings.md", "life-of-a-job.md", "performance.md", "promises.md");

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

  /** The one about Spring has its own test, which starts the application of the page. */
  static List<Path> topics() {
    return pagesOfThisPackage().stream()
        .filter(page -> !REFERENCE.contains(page.getFileName().toString()))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("topics")
  void aPageOfATopicBeginsWithCodeThatRuns(Path page) {
    Matcher beginning = BEFORE_MORE.matcher(Pages.text(page));

    assertThat(beginning.lookingAt()).isTrue();
    assertThat(Pages.blocks(beginning.group(), "java")).containsAnyElementsOf(Pages.codeThatRuns());
  }

  @ParameterizedTest
  @MethodSource("pages")
  void linksLeadSomewhere(Path page) {
    assertThat(LINK.matcher(Pages.text(page)).results())
        .allSatisfy(
            link -> {
              Path to = link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1));
              assertThat(to).exists();
              if (link.group(2) != null) {
                assertThat(anchors(to)).contains(link.group(2));
              }
            });
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

  static Stream<Arguments> options() {
    return Stream.of(
        Arguments.of(NewJob.class, "enqueueing"),
        Arguments.of(ShigotoBuilder.class, "operations"),
        Arguments.of(NewBatch.class, "batches"),
        Arguments.of(JobFilter.class, "control"),
        Arguments.of(Unique.class, "unique-jobs"),
        Arguments.of(RateLimit.class, "limits"),
        Arguments.of(CircuitBreaker.class, "limits"),
        Arguments.of(LoadShedding.class, "limits"),
        Arguments.of(Outcome.class, "workers"));
  }

  /** What gives a changed copy, or one to begin with. */
  @ParameterizedTest
  @MethodSource("options")
  void everyOptionIsExplained(Class<?> type, String page) {
    String text = Pages.text(Path.of("docs", page + ".md"));

    assertThat(methodsThatGive(type))
        .isNotEmpty()
        .allSatisfy(name -> assertThat(text).containsPattern("[`.]" + name + "\\("));
  }

  @Test
  void everyReasonIsExplained() {
    String page = Pages.text(Path.of("docs/explain.md"));

    assertThat(Reason.class.getPermittedSubclasses())
        .isNotEmpty()
        .allSatisfy(reason -> assertThat(page).contains("`" + reason.getSimpleName() + "`"));
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

  /** As GitHub makes them of headings. */
  private static List<String> anchors(Path page) {
    return HEADING
        .matcher(Pages.text(page))
        .results()
        .map(heading -> heading.group(1).toLowerCase(Locale.ROOT))
        .map(heading -> heading.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
        .toList();
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

  private static List<String> methodsThatGive(Class<?> type) {
    return Arrays.stream(type.getDeclaredMethods())
        .filter(method -> Modifier.isPublic(method.getModifiers()))
        .filter(method -> method.getReturnType() == type)
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
