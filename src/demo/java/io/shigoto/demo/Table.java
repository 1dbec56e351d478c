package io.shigoto.demo;

import java.util.ArrayList;
import java.util.List;

/** Text in columns. */
final class Table {

  private static final String INDENT = "  ";
  private static final String GAP = "  ";

  private final String alignment;
  private final List<List<String>> rows = new ArrayList<>();

  /**
   * @param alignment one {@code <} or {@code >} for each column
   */
  Table(String alignment) {
    this.alignment = alignment;
  }

  Table row(Object... cells) {
    rows.add(List.of(cells).stream().map(Table::text).toList());
    return this;
  }

  /** A row of lines under or above the others. */
  Table rule() {
    rows.add(List.of());
    return this;
  }

  @Override
  public String toString() {
    int[] widths = widths();
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String cell = row.isEmpty() ? "─".repeat(widths[i]) : row.get(i);
        String room = " ".repeat(widths[i] - cell.length());
        line.append(i == 0 ? INDENT : GAP);
        line.append(alignment.charAt(i) == '<' ? cell + room : room + cell);
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  private int[] widths() {
    int[] widths = new int[alignment.length()];
    for (List<String> row : rows) {
      for (int i = 0; i < row.size(); i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    return widths;
  }

  private static String text(Object cell) {
    return cell instanceof Number number ? "%,d".formatted(number.longValue()) : cell.toString();
  }
}
