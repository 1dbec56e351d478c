package io.shigoto.mutants;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.engine.JupiterTestEngine;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/**
 * The library with something changed in its sources: SQL or Java. The changed files stand in for
 * the real ones in a class loader of their own, in which a test of the suite then runs, against a
 * real database as ever.
 */
final class Mutant {

  private static final Path MAIN = Path.of("src/main");

  /** For how many seconds its tests wait for what does not come. */
  private static final String PATIENCE = "6";

  private final Map<String, String> resources = new HashMap<>();
  private final Map<String, String> sources = new HashMap<>();

  /**
   * @param file below {@code src/main}
   * @param part of the file that is replaced wherever it stands; it must stand there
   */
  Mutant replace(String file, String part, String by) {
    String path = MAIN.resolve(file).toString();
    Map<String, String> files = file.startsWith("java/") ? sources : resources;
    String name = file.substring(file.indexOf('/') + 1);
    String before = files.getOrDefault(name, read(path));
    if (!before.contains(part)) {
      throw new IllegalArgumentException(file + " does not have: " + part);
    }
    files.put(name, before.replace(part, by));
    return this;
  }

  /** Runs one test method; what it failed of. */
  List<Throwable> failuresOf(String test, String method) {
    MutantLoader loader = new MutantLoader(resources, Compiled.of(sources));
    System.setProperty("io.shigoto.patience", PATIENCE);
    try {
      return run(Class.forName(test, false, loader), method);
    } catch (ClassNotFoundException e) {
      throw new IllegalArgumentException(e);
    } finally {
      System.clearProperty("io.shigoto.patience");
    }
  }

  private static List<Throwable> run(Class<?> test, String method) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectMethod(test, named(test, method)))
            .build();
    SummaryGeneratingListener results = new SummaryGeneratingListener();
    launcher().execute(request, results);
    TestExecutionSummary summary = results.getSummary();
    if (summary.getTestsStartedCount() == 0) {
      throw new IllegalArgumentException("nothing ran of " + test.getName() + "#" + method);
    }
    return summary.getFailures().stream().map(TestExecutionSummary.Failure::getException).toList();
  }

  private static Method named(Class<?> test, String method) {
    return Arrays.stream(test.getDeclaredMethods())
        .filter(each -> each.getName().equals(method))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no " + test.getName() + "#" + method));
  }

  private static Launcher launcher() {
    return LauncherFactory.create(
        LauncherConfig.builder()
            .enableTestEngineAutoRegistration(false)
            .enableTestExecutionListenerAutoRegistration(false)
            .enableLauncherSessionListenerAutoRegistration(false)
            .enableLauncherDiscoveryListenerAutoRegistration(false)
            .enablePostDiscoveryFilterAutoRegistration(false)
            .addTestEngines(new JupiterTestEngine())
            .build());
  }

  private static String read(String file) {
    try {
      return Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
