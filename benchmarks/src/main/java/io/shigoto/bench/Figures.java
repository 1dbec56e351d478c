package io.shigoto.bench;

import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/** All that was measured, in the order in which it was measured first. */
final class Figures {

  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Map<String, Figure> byKey = new LinkedHashMap<>();

  /** Adds the values of one run, and shows them on standard error. */
  void add(String bench, String subject, Map<String, Object> setting, Map<String, Double> values) {
    Figure figure =
        byKey.computeIfAbsent(
            bench + "/" + subject + "/" + setting, key -> new Figure(bench, subject, setting));
    values.forEach(figure::add);
    System.err.println(
        "  %s %s %s: %s"
            .formatted(
                bench,
                subject,
                setting,
                values.entrySet().stream()
                    .map(value -> value.getKey() + " " + rounded(value.getValue()))
                    .collect(Collectors.joining(", "))));
  }

  List<Figure> of(String bench) {
    return byKey.values().stream().filter(figure -> figure.bench().equals(bench)).toList();
  }

  Collection<Figure> all() {
    return byKey.values();
  }

  /** One JSON line for each figure of a bench. */
  void print(String bench) {
    of(bench).forEach(figure -> System.out.println(JSON.writeValueAsString(figure.line())));
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** Three or four digits that mean something. */
  static Object rounded(double value) {
    if (Math.abs(value) >= 1000) {
      return Math.round(value);
    }
    double scale = Math.abs(value) >= 100 ? 10 : Math.abs(value) >= 1 ? 100 : 1000;
    return Math.round(value * scale) / scale;
  }
}
