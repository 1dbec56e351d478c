package io.shigoto.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Writes what was measured: {@code results.md}, and {@code drain.svg} where drains are. */
final class Report {

  private static final Map<String, String> TITLES = new LinkedHashMap<>();

  static {
    TITLES.put("drain", "Drain: jobs wait in the table, how fast are they worked off");
    TITLES.put("enqueue", "Enqueue: one job a call, each caller waits for its commit");
    TITLES.put("enqueueAll", "Enqueue: all jobs with one call");
    TITLES.put("latency", "Latency: from the commit to the call of the worker");
    TITLES.put("idle", "Idle: a node with nothing to do");
    TITLES.put("deep", "Depth: many jobs waiting, and a long history");
    TITLES.put("batch", "All jobs in one batch");
    TITLES.put("limited", "Jobs behind many of a worker that is rate-limited, in the same queue");
    TITLES.put("pinned", "An old snapshot held open while jobs pass");
    TITLES.put("soak", "Soak: what is in the heap after a collection, during a long load");
    TITLES.put("nodes", "Nodes: processes on one server");
  }

  private final Stage stage;

  Report(Stage stage) {
    this.stage = stage;
  }

  void write(Path directory) {
    StringBuilder text = new StringBuilder("# Results\n\n");
    text.append("Written by `benchmarks/run --write`; what the figures mean stands in ")
        .append("[performance.md](../performance.md).\n\n")
        .append(circumstances());
    TITLES.forEach(
        (bench, title) -> {
          List<Figure> figures = stage.figures.of(bench);
          if (!figures.isEmpty()) {
            text.append("\n## ").append(title).append("\n\n");
            if (bench.equals("drain")) {
              text.append("![Jobs per second by subject and concurrency](drain.svg)\n\n");
            }
            text.append(table(figures));
          }
        });
    try {
      Files.createDirectories(directory);
      Files.writeString(directory.resolve("results.md"), text);
      if (!stage.figures.of("drain").isEmpty()) {
        Files.writeString(
            directory.resolve("drain.svg"), BarPlot.of(stage.figures.of("drain"), "jobs_per_s"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String circumstances() {
    Map<String, Object> server = stage.databases.version();
    Runtime runtime = Runtime.getRuntime();
    return """
    - %s, %d processors, %.0f GiB of memory, %s %s
    - PostgreSQL %s on the same machine: fsync %s, synchronous_commit %s, shared_buffers %s, min_wal_size %s, max_wal_size %s
    - %s %s; each subject in a JVM of its own, `%s`
    - library at commit %s; rounds: %d; medians, and [least–most] where there was more than one
    """
        .formatted(
            LocalDate.now(ZoneOffset.UTC),
            runtime.availableProcessors(),
            memory(),
            System.getProperty("os.name"),
            System.getProperty("os.version").replaceAll("-.*", ""),
            server.get("version"),
            server.get("fsync"),
            server.get("synchronous_commit"),
            server.get("shared_buffers"),
            server.get("min_wal_size"),
            server.get("max_wal_size"),
            System.getProperty("java.vm.name"),
            System.getProperty("java.version"),
            String.join(" ", stage.jvm()),
            System.getProperty("shigoto.bench.commit"),
            stage.options.rounds());
  }

  private static double memory() {
    var system =
        (com.sun.management.OperatingSystemMXBean)
            java.lang.management.ManagementFactory.getOperatingSystemMXBean();
    return system.getTotalMemorySize() / (double) (1L << 30);
  }

  /** One row per figure; a column for each setting, measure and ratio that any of them has. */
  static String table(List<Figure> figures) {
    Set<String> settings = new LinkedHashSet<>();
    Set<String> measures = new LinkedHashSet<>();
    Set<String> ratios = new LinkedHashSet<>();
    for (Figure figure : figures) {
      settings.addAll(figure.setting().keySet());
      measures.addAll(figure.measures());
      ratios.addAll(figure.ratios().keySet());
    }
    List<String> head = new ArrayList<>(List.of("subject"));
    head.addAll(settings);
    head.addAll(measures);
    head.addAll(ratios);
    StringBuilder text = new StringBuilder(row(head.stream().map(Report::words).toList()));
    text.append("|---".repeat(1 + settings.size()))
        .append("|---:".repeat(measures.size() + ratios.size()))
        .append("|\n");
    for (Figure figure : figures) {
      List<String> cells = new ArrayList<>(List.of(figure.subject()));
      settings.forEach(name -> cells.add(cell(figure.setting().get(name))));
      measures.forEach(name -> cells.add(cell(figure.range(name))));
      ratios.forEach(
          name -> {
            Double ratio = figure.ratios().get(name);
            cells.add(ratio == null ? "" : "%.2f".formatted(ratio));
          });
      text.append(row(cells));
    }
    return text.toString();
  }

  private static String cell(@org.jspecify.annotations.Nullable Object value) {
    if (value == null) {
      return "";
    }
    return value instanceof Integer n ? "%,d".formatted(n) : value.toString();
  }

  private static String words(String name) {
    return name.replace("_per_s", "/s").replace('_', ' ').replace("cpu s per 10k", "CPU s/10k");
  }

  private static String row(List<String> cells) {
    return cells.stream().collect(Collectors.joining(" | ", "| ", " |\n"));
  }
}
