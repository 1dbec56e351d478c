package io.shigoto.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One thing measured in one setting, over all rounds. */
final class Figure {

  private final String bench;
  private final String subject;
  private final Map<String, Object> setting;
  private final Map<String, List<Double>> values = new LinkedHashMap<>();
  private final Map<String, Double> ratios = new LinkedHashMap<>();

  Figure(String bench, String subject, Map<String, Object> setting) {
    this.bench = bench;
    this.subject = subject;
    this.setting = setting;
  }

  String bench() {
    return bench;
  }

  String subject() {
    return subject;
  }

  Map<String, Object> setting() {
    return setting;
  }

  Map<String, Double> ratios() {
    return ratios;
  }

  /** The names of what was measured. */
  List<String> measures() {
    return List.copyOf(values.keySet());
  }

  void add(String measure, double value) {
    values.computeIfAbsent(measure, key -> new ArrayList<>()).add(value);
  }

  /** Relates the median to another: how many times as much it is. */
  void ratio(String name, String measure, double to) {
    ratios.put(name, median(measure) / to);
  }

  /** Relates each value to the one of the same round of another figure: the median of that. */
  void ratioByRound(String name, String measure, Figure to) {
    double[] ours = array(measure);
    double[] theirs = to.array(measure);
    double[] each = new double[Math.min(ours.length, theirs.length)];
    Arrays.setAll(each, round -> ours[round] / theirs[round]);
    ratios.put(name, Figures.median(each));
  }

  double median(String measure) {
    return Figures.median(array(measure));
  }

  double least(String measure) {
    return Arrays.stream(array(measure)).min().orElse(Double.NaN);
  }

  double most(String measure) {
    return Arrays.stream(array(measure)).max().orElse(Double.NaN);
  }

  /** The median with the least and the most, for a table; null if it was not measured. */
  @Nullable String range(String measure) {
    if (!values.containsKey(measure)) {
      return null;
    }
    double[] all = array(measure);
    String median = shown(Figures.median(all));
    return all.length == 1
        ? median
        : "%s [%s–%s]".formatted(median, shown(least(measure)), shown(most(measure)));
  }

  private double[] array(String measure) {
    return values.getOrDefault(measure, List.of()).stream().mapToDouble(v -> v).toArray();
  }

  static String shown(double value) {
    return Math.abs(value) >= 1000
        ? "%,d".formatted(Math.round(value))
        : Figures.rounded(value).toString();
  }

  Map<String, Object> line() {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("bench", bench);
    line.put("subject", subject);
    line.putAll(setting);
    for (String measure : measures()) {
      line.put(measure, Figures.rounded(median(measure)));
    }
    ratios.forEach((name, ratio) -> line.put(name, Figures.rounded(ratio)));
    for (String measure : measures()) {
      double[] all = array(measure);
      if (all.length > 1) {
        Arrays.sort(all);
        line.put(measure + "_min", Figures.rounded(all[0]));
        line.put(measure + "_max", Figures.rounded(all[all.length - 1]));
      }
    }
    line.put("rounds", values.values().stream().mapToInt(List::size).max().orElse(0));
    return line;
  }
}
