package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** So many jobs wait in the table; how fast are they worked off? */
final class DrainBench {

  private static final List<Integer> CONCURRENCIES = List.of(10, 50, 200);

  /** One subject in one setting. */
  private record Entry(String subject, String config, int concurrency, int jobs) {

    Map<String, Object> setting() {
      Map<String, Object> setting = new LinkedHashMap<>();
      if (concurrency > 0) {
        setting.put("concurrency", concurrency);
      }
      if (!config.isEmpty()) {
        setting.put("batch", config);
      }
      setting.put("jobs", jobs);
      return setting;
    }
  }

  private final Stage stage;

  DrainBench(Stage stage) {
    this.stage = stage;
  }

  void run() {
    List<Entry> entries = entries();
    for (int round = 0; round < stage.options.rounds(); round++) {
      for (Entry entry : entries) {
        SubjectProcess subject =
            stage.subject(entry.subject, "drain", fresh -> warmUp(fresh, entry));
        stage.figures.add(
            "drain", entry.subject, entry.setting(), drain(subject, entry, entry.jobs));
      }
      // Pairs stay together, and no pair always runs after the same one.
      Collections.rotate(entries, 2);
    }
    relate();
    stage.figures.print("drain");
  }

  private List<Entry> entries() {
    boolean quick = stage.options.quick();
    boolean brief = stage.options.brief();
    int jobs = brief ? 30_000 : quick ? 50_000 : 100_000;
    List<Entry> entries = new ArrayList<>();
    List<String> batches = new ArrayList<>(List.of("500-overlapping", "1000-overlapping"));
    if (!brief) {
      batches.addAll(List.of("500", "1000"));
    }
    for (String batch : batches) {
      entries.add(new Entry("limit", batch, 0, jobs));
    }
    // The machine's speed drifts: those whose processor time is compared come one after the other.
    for (int concurrency : CONCURRENCIES) {
      if (!brief || concurrency == 50) {
        entries.add(new Entry("prototype", "", concurrency, jobs));
      }
      entries.add(new Entry("shigoto", "", concurrency, jobs));
    }
    for (int concurrency : quick ? List.of(50) : CONCURRENCIES) {
      entries.add(new Entry("db-scheduler", "", concurrency, quick ? 3_000 : 50_000));
      entries.add(new Entry("jobrunr", "", concurrency, quick ? 1_000 : 20_000));
    }
    entries.removeIf(entry -> !stage.options.wants(entry.subject));
    return entries;
  }

  private void warmUp(SubjectProcess subject, Entry entry) {
    if (Tables.of(entry.subject) != Tables.SHIGOTO) {
      if (!stage.options.quick()) {
        drain(subject, entry, entry.jobs);
      }
      return;
    }
    if (entry.subject.equals("limit") || stage.options.brief()) {
      drain(subject, entry, entry.jobs);
      drain(subject, entry, entry.jobs);
      return;
    }
    // The just-in-time compiler takes a million jobs to come to rest, of each kind.
    for (int concurrency : CONCURRENCIES) {
      for (int i = 0; i < (stage.options.quick() ? 2 : 5); i++) {
        drain(subject, new Entry(entry.subject, "", concurrency, entry.jobs), entry.jobs);
      }
    }
  }

  private Map<String, Double> drain(SubjectProcess subject, Entry entry, int jobs) {
    Tables tables = Tables.of(entry.subject);
    try (Database database = tables.waiting(stage, jobs)) {
      Order order =
          Order.of("drain", database.target())
              .config(entry.config)
              .concurrency(entry.concurrency)
              .jobs(jobs);
      return Drain.run(subject, tables, order, database);
    }
  }

  private void relate() {
    List<Figure> all = stage.figures.of("drain");
    all.stream()
        .filter(figure -> figure.subject().equals("limit"))
        .mapToDouble(figure -> figure.median("jobs_per_s"))
        .max()
        .ifPresent(limit -> all.forEach(it -> it.ratio("ratio_to_limit", "jobs_per_s", limit)));
    for (Figure shigoto : all) {
      all.stream()
          .filter(other -> shigoto.subject().equals("shigoto"))
          .filter(other -> other.subject().equals("prototype"))
          .filter(other -> other.setting().equals(shigoto.setting()))
          .forEach(
              other ->
                  shigoto.ratioByRound("cpu_ratio_to_prototype", "client_cpu_s_per_10k", other));
    }
  }
}
