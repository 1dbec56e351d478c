package io.shigoto.demo;

import io.shigoto.event.JobEvent;
import io.shigoto.event.JobListener;
import java.io.PrintStream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * What is heard from the nodes while they work, and the line that shows it: in a terminal one line
 * that changes, otherwise a line now and then.
 */
final class Progress implements JobListener {

  private static final int BAR = 28;
  private static final int LOOKS_BETWEEN_LINES = 20;

  private final PrintStream out;
  private final boolean terminal;
  private final int total;
  private final LongAdder ended = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final Map<String, LongAdder> byNode = new ConcurrentHashMap<>();
  private long began;
  private int looks;

  Progress(PrintStream out, boolean terminal, int total) {
    this.out = out;
    this.terminal = terminal;
    this.total = total;
  }

  @Override
  public void on(JobEvent event) {
    switch (event.kind()) {
      case COMPLETED -> {
        ended.increment();
        byNode.computeIfAbsent(event.node(), node -> new LongAdder()).increment();
      }
      case DISCARDED -> ended.increment();
      case FAILED -> failed.increment();
      default -> {}
    }
  }

  /** How many jobs a node completed. */
  long completedBy(String node) {
    LongAdder count = byNode.get(node);
    return count == null ? 0 : count.sum();
  }

  /** The jobs are there. */
  void begin() {
    began = System.nanoTime();
    show();
  }

  /** Shows how far it is; called a few times a second. */
  void show() {
    if (terminal) {
      out.print("\r" + line());
      out.flush();
    } else if (looks++ % LOOKS_BETWEEN_LINES == 0) {
      out.println(line());
    }
  }

  /** Shows the end of it. */
  void end() {
    out.println(terminal ? "\r" + line() : line());
  }

  private String line() {
    long done = Math.min(ended.sum(), total);
    double seconds = (System.nanoTime() - began) / 1e9;
    int full = (int) (BAR * done / Math.max(1, total));
    return "  %s%s %3d %%  %,d of %,d files  %,d failed once  %.1f s "
        .formatted(
            "█".repeat(full),
            "░".repeat(BAR - full),
            100 * done / Math.max(1, total),
            done,
            total,
            failed.sum(),
            seconds);
  }
}
