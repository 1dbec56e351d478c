package io.shigoto.demo;

/** What is shown at the end. */
record Summary(Inventory inventory, WordRule rule, Report report, Progress progress) {

  @Override
  public String toString() {
    return "\n" + report.table() + "\n" + report.problems() + totals() + check();
  }

  private String totals() {
    Table totals =
        new Table("<><")
            .row("jobs", "%,d".formatted(inventory.size()), verdict())
            .row("attempts", "%,d".formatted(report.attempts()), attempts())
            .row("speed", "%,d/s".formatted(speed()), span())
            .row("wait", "%,d ms".formatted(report.waited(50)), "p50, from due to claimed")
            .row("", "%,d ms".formatted(report.waited(99)), "p99")
            .row("contents", "%,d".formatted(report.contents()), "different ones by SHA-256");
    return totals.toString();
  }

  private String verdict() {
    return report.isComplete()
        ? "each file counted exactly once"
        : "NOT every file was counted exactly once";
  }

  private String attempts() {
    return "%,d of them retries; completed by %s: %,d, by %s: %,d"
        .formatted(
            report.attempts() - inventory.size(),
            Cluster.LEFT,
            progress.completedBy(Cluster.LEFT),
            Cluster.RIGHT,
            progress.completedBy(Cluster.RIGHT));
  }

  private long speed() {
    return Math.round(inventory.size() / report.seconds());
  }

  private String span() {
    return "%.2f s from the first claim to the last commit".formatted(report.seconds());
  }

  private String check() {
    return "\n  The same by find and wc:\n  " + inventory.check(rule) + "\n\n";
  }
}
