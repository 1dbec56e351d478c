package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a node keeps in memory while it enqueues and runs for a long time: its heap after a
 * collection, at even intervals. The first sixth of the time is warm-up.
 */
final class SoakBench {

  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final int CONCURRENCY = 50;
  private static final int TICK_MICROS = 50_000;
  private static final int GROUP = 150;
  private static final int LOOKS = 60;

  private final Stage stage;

  SoakBench(Stage stage) {
    this.stage = stage;
  }

  void run() {
    int minutes = stage.options.minutes();
    SubjectProcess subject = stage.subject("shigoto");
    try (Database database = Tables.SHIGOTO.waiting(stage, 0)) {
      subject.begin(
          Order.of("soak", database.target()).concurrency(CONCURRENCY).pace(TICK_MICROS, GROUP));
      List<Double> heaps = new ArrayList<>();
      long began = System.nanoTime();
      for (int look = 0; look < LOOKS; look++) {
        Pause.millis(minutes * 60_000 / LOOKS);
        subject.send(Order.of("memory", database.target()));
        heaps.add(subject.await("memory", LIMIT).path("heap_kb").asDouble() / 1024);
        System.err.println("  soak: heap of " + Figures.rounded(heaps.get(look)) + " MB");
      }
      double seconds = (System.nanoTime() - began) / 1e9;
      double performed = subject.stop().path("performed").asDouble();
      List<Double> warm = heaps.subList(LOOKS / 6, LOOKS);
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("jobs_per_s", performed / seconds);
      values.put("jobs", performed);
      values.put("heap_mb_first_third", mean(warm.subList(0, warm.size() / 3)));
      values.put("heap_mb_last_third", mean(warm.subList(warm.size() * 2 / 3, warm.size())));
      values.put("heap_mb_most", warm.stream().mapToDouble(heap -> heap).max().orElseThrow());
      stage.figures.add("soak", "shigoto", Map.of("minutes", minutes), values);
    }
    stage.figures.print("soak");
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(value -> value).average().orElseThrow();
  }
}
