package io.shigoto.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A plot of horizontal bars: the median as the bar, the least and the most as a thin line. */
final class BarPlot {

  private static final int WIDTH = 760;
  private static final int LEFT = 230;
  private static final int RIGHT = 80;
  private static final int ROW = 24;
  private static final int TOP = 16;
  private static final Map<String, String> COLOURS =
      Map.of("shigoto", "#c2410c", "limit", "#64748b", "prototype", "#94a3b8");
  private static final String OTHER = "#cbd5e1";

  private BarPlot() {}

  static String of(List<Figure> figures, String measure) {
    double most = figures.stream().mapToDouble(figure -> figure.most(measure)).max().orElse(1);
    int height = TOP * 2 + figures.size() * ROW;
    StringBuilder svg = new StringBuilder();
    svg.append(
        line(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                + " viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">",
            WIDTH, height, WIDTH, height));
    svg.append(line("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", WIDTH, height));
    int y = TOP;
    for (Figure figure : figures) {
      svg.append(bar(figure, measure, y, (WIDTH - LEFT - RIGHT) / most));
      y += ROW;
    }
    return svg.append("</svg>\n").toString();
  }

  private static String bar(Figure figure, String measure, int y, double scale) {
    double median = figure.median(measure);
    int middle = y + ROW / 2;
    return line(
            "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"#0f172a\">%s</text>",
            LEFT - 8, middle + 4, name(figure))
        + line(
            "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
            LEFT,
            y + 4,
            Math.max(1, median * scale),
            ROW - 8,
            COLOURS.getOrDefault(figure.subject(), OTHER))
        + line(
            "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" stroke=\"#0f172a\"/>",
            LEFT + figure.least(measure) * scale,
            middle,
            LEFT + figure.most(measure) * scale,
            middle)
        + line(
            "<text x=\"%.1f\" y=\"%d\" fill=\"#0f172a\">%s</text>",
            LEFT + figure.most(measure) * scale + 6, middle + 4, Figure.shown(median));
  }

  private static String name(Figure figure) {
    Object concurrency = figure.setting().get("concurrency");
    Object batch = figure.setting().get("batch");
    String how =
        concurrency != null ? " at " + concurrency : batch != null ? ", groups of " + batch : "";
    return figure.subject() + how.replace("-", ", ");
  }

  private static String line(String format, Object... values) {
    return String.format(Locale.ROOT, format, values) + "\n";
  }
}
