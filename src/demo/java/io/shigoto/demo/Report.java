package io.shigoto.demo;

import java.net.URI;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What the rows of the database say about the files of the inventory. */
final class Report {

  private static final int MOST_TYPES = 15;
  private static final int MOST_PROBLEMS = 10;

  private final Inventory inventory;
  private final List<Row> rows;
  private final List<Row> counted;

  Report(Inventory inventory, List<Row> rows) {
    this.inventory = inventory;
    this.rows = rows;
    this.counted = rows.stream().filter(row -> row.count() != null).toList();
  }

  /** Every job, as it was read. */
  List<Row> rows() {
    return rows;
  }

  /** Whether every file of the inventory, and no other, was counted once. */
  boolean isComplete() {
    Set<URI> wanted = new HashSet<>();
    inventory.entries().forEach(entry -> wanted.add(entry.file()));
    Set<URI> found = new HashSet<>();
    counted.forEach(row -> found.add(row.file()));
    return rows.size() == inventory.size()
        && counted.size() == inventory.size()
        && found.equals(wanted);
  }

  /** The sums over all files that were counted. */
  FileCount total() {
    return sum(counted).count;
  }

  /** How many attempts were made in all. */
  long attempts() {
    return rows.stream().mapToLong(Row::attempts).sum();
  }

  /** A row for each type of file, the frequent ones first. */
  String table() {
    Map<String, Sum> types = new HashMap<>();
    counted.forEach(row -> types.merge(type(row.file()), sum(List.of(row)), Sum::plus));
    List<Map.Entry<String, Sum>> sorted =
        types.entrySet().stream()
            .sorted(
                Comparator.comparing((Map.Entry<String, Sum> type) -> -type.getValue().files)
                    .thenComparing(Map.Entry::getKey))
            .toList();
    Table table = new Table("<>>>>").row("type", "files", "lines", "words", "bytes").rule();
    sorted.stream().limit(MOST_TYPES).forEach(type -> type.getValue().row(table, type.getKey()));
    List<Map.Entry<String, Sum>> rest = sorted.stream().skip(MOST_TYPES).toList();
    if (!rest.isEmpty()) {
      Sum others = rest.stream().map(Map.Entry::getValue).reduce(Sum.ZERO, Sum::plus);
      others.row(table, "%,d other types".formatted(rest.size()));
    }
    sum(counted).row(table.rule(), "total");
    return table.toString();
  }

  /** What is not as it should be, a line each, or an empty text. */
  String problems() {
    StringBuilder text = new StringBuilder();
    rows.stream()
        .filter(row -> row.count() == null)
        .limit(MOST_PROBLEMS)
        .forEach(
            row ->
                text.append(
                    "  not counted: %s (%s: %s)%n"
                        .formatted(row.file().getPath(), row.state(), row.error())));
    int missing = inventory.size() - counted.size();
    if (missing > MOST_PROBLEMS) {
      text.append("  and %,d more%n".formatted(missing - MOST_PROBLEMS));
    }
    return text.toString();
  }

  /** So many percent of the jobs waited no longer than this. */
  long waited(int percent) {
    double[] sorted = counted.stream().mapToDouble(Row::waited).sorted().toArray();
    return sorted.length == 0 ? 0 : Math.round(sorted[(sorted.length - 1) * percent / 100]);
  }

  /** From the first claim to the last commit. */
  double seconds() {
    double first = rows.stream().mapToDouble(row -> row.claimed()).min().orElse(0);
    double last = rows.stream().mapToDouble(row -> row.finished()).max().orElse(0);
    return Math.max(0.001, last - first);
  }

  /** How many different contents there are. */
  int contents() {
    Set<String> sums = new HashSet<>();
    counted.forEach(row -> sums.add(row.count().sha256()));
    return sums.size();
  }

  private static String type(URI file) {
    String path = file.getPath();
    String name = path.substring(path.lastIndexOf('/') + 1);
    int dot = name.lastIndexOf('.');
    String type = dot <= 0 ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
    return type.isEmpty() || type.length() > 16 ? "(none)" : type;
  }

  private static Sum sum(List<Row> rows) {
    return rows.stream().map(row -> new Sum(1, row.count())).reduce(Sum.ZERO, Sum::plus);
  }

  private record Sum(long files, FileCount count) {

    static final Sum ZERO = new Sum(0, FileCount.ZERO);

    Sum plus(Sum other) {
      return new Sum(files + other.files, count.plus(other.count));
    }

    void row(Table table, String name) {
      table.row(name, files, count.lines(), count.words(), count.bytes());
    }
  }
}
