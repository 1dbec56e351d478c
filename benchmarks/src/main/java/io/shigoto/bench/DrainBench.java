package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * So many jobs wait in the table; how fast are they worked off? From the first claim to the first
 * look at the table that finds none left, both by the server's clock.
 */
final class DrainBench {

  private static final int WARM_UP = 20_000;
  private static final Duration LIMIT = Duration.ofMinutes(10);

  /** One subject in one setting. */
  private record Entry(String subject, String config, int concurrency) {

    Map<String, Object> setting() {
      Map<String, Object> setting = new LinkedHashMap<>();
      if (concurrency > 0) {
        setting.put("concurrency", concurrency);
      }
      if (!config.isEmpty()) {
        setting.put("batch", config);
      }
      return setting;
    }
  }

  private final Stage stage;
  private final int jobs;

  DrainBench(Stage stage) {
    this.stage = stage;
    this.jobs = stage.options.quick() ? 50_000 : 100_000;
  }

  void run() {
    List<Entry> entries = entries();
    for (int round = 0; round < stage.options.rounds(); round++) {
      for (Entry entry : entries) {
        SubjectProcess subject = stage.subject(entry.subject, fresh -> warmUp(fresh, entry));
        Map<String, Double> values = drain(subject, entry, jobs);
        stage.figures.add("drain", entry.subject, entry.setting(), values);
      }
      // Whoever runs after a heavy one does not always do so.
      Collections.rotate(entries, 3);
    }
    relate();
    stage.figures.print("drain");
  }

  private List<Entry> entries() {
    List<Entry> entries = new ArrayList<>();
    for (String batch : List.of("500", "1000", "500-overlapping", "1000-overlapping")) {
      entries.add(new Entry("limit", batch, 0));
    }
    for (int concurrency : List.of(10, 50, 200)) {
      entries.add(new Entry("shigoto", "", concurrency));
    }
    entries.removeIf(entry -> !stage.options.wants(entry.subject));
    return entries;
  }

  private void warmUp(SubjectProcess subject, Entry entry) {
    drain(subject, entry, WARM_UP);
    drain(subject, entry, WARM_UP);
  }

  private void relate() {
    double limit =
        stage.figures.of("drain").stream()
            .filter(figure -> figure.subject().equals("limit"))
            .mapToDouble(figure -> figure.median("jobs_per_s"))
            .max()
            .orElse(Double.NaN);
    if (!Double.isNaN(limit)) {
      stage
          .figures
          .of("drain")
          .forEach(figure -> figure.ratio("ratio_to_limit", "jobs_per_s", limit));
    }
  }

  private Map<String, Double> drain(SubjectProcess subject, Entry entry, int jobs) {
    try (Database database = Shigotos.waiting(stage.databases, jobs)) {
      double wal = database.number("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')");
      Load load = new Load();
      subject.begin(new Order("drain", database.target(), entry.config, entry.concurrency, jobs));
      subject.await("done", LIMIT);
      double end = untilNoneIsLeft(database);
      double foreign = load.foreign();
      JsonNode stopped = subject.stop();
      double walAfter = database.number("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')");
      Map<String, Object> history =
          database.row(
              """
              SELECT count(*) AS n, extract(epoch FROM min(claimed_at))::float8 AS began
                FROM shigoto.job_history WHERE state = 'completed'
              """);
      if (((Number) history.get("n")).longValue() != jobs) {
        throw new IllegalStateException(
            entry + " completed " + history.get("n") + " of " + jobs + " jobs");
      }
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("jobs_per_s", jobs / (end - ((Number) history.get("began")).doubleValue()));
      values.put("client_cpu_s_per_10k", stopped.path("cpu_s").asDouble() * 10_000 / jobs);
      values.put("wal_bytes_per_job", (walAfter - wal) / jobs);
      values.put("foreign_cpu", foreign);
      return values;
    }
  }

  /** The server's time when it saw that no job is left. */
  static double untilNoneIsLeft(Database database) {
    while (true) {
      Map<String, Object> look =
          database.row(
              """
              SELECT EXISTS (SELECT FROM shigoto.jobs) AS some,
                     extract(epoch FROM clock_timestamp())::float8 AS at
              """);
      if (Boolean.FALSE.equals(look.get("some"))) {
        return ((Number) look.get("at")).doubleValue();
      }
      Pause.millis(5);
    }
  }
}
