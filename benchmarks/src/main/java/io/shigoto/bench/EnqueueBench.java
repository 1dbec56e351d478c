package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** One job a call, each caller waits for its commit; and all jobs with one call. */
final class EnqueueBench {

  private static final Duration LIMIT = Duration.ofMinutes(10);
  private static final int ONE_PER_CALL_CLIENTS = 50;

  private final Stage stage;
  private final boolean quick;

  EnqueueBench(Stage stage) {
    this.stage = stage;
    this.quick = stage.options.quick();
  }

  void run() {
    for (int round = 0; round < stage.options.rounds(); round++) {
      oneByOne();
      manyAtOnce();
    }
    relate();
    stage.figures.print("enqueue");
    stage.figures.print("enqueueAll");
  }

  private void oneByOne() {
    callers("shigoto", 1, quick ? 500 : 5_000);
    callers("shigoto", 50, quick ? 20_000 : 100_000);
    if (Pgbench.isThere()) {
      pgbench("shigoto.jobs");
      pgbench("plain");
    } else {
      callers("limit", ONE_PER_CALL_CLIENTS, quick ? 20_000 : 50_000);
    }
    callers("shigoto", 500, quick ? 60_000 : 200_000);
    callers("db-scheduler", 50, quick ? 2_000 : 20_000);
    callers("jobrunr", 50, quick ? 2_000 : 20_000);
  }

  private void manyAtOnce() {
    int jobs = quick ? 100_000 : 500_000;
    all("shigoto", 1, jobs);
    if (!stage.options.brief()) {
      all("limit", 1, jobs);
    }
    all("limit", 2, jobs);
    if (!quick) {
      all("shigoto-256m", 1, 5_000_000);
    }
  }

  private void pgbench(String table) {
    if (!stage.options.wants("pgbench")) {
      return;
    }
    try (Database database = Tables.SHIGOTO.waiting(stage, 0)) {
      Load load = new Load();
      double rate = Pgbench.inserts(database, table, ONE_PER_CALL_CLIENTS, quick ? 2 : 10);
      Map<String, Object> setting = new LinkedHashMap<>();
      setting.put("callers", ONE_PER_CALL_CLIENTS);
      setting.put("table", table);
      stage.figures.add(
          "enqueue", "pgbench", setting, Map.of("jobs_per_s", rate, "foreign_cpu", load.foreign()));
    }
  }

  private void callers(String subject, int callers, int jobs) {
    run("enqueue", "enqueue", subject, callers, jobs);
  }

  private void all(String subject, int connections, int jobs) {
    run("enqueueAll", "enqueueAll", subject, connections, jobs);
  }

  private void run(String bench, String what, String subject, int concurrency, int jobs) {
    if (!stage.options.wants(subject)) {
      return;
    }
    SubjectProcess process =
        stage.subject(subject, what, fresh -> warmUp(fresh, what, subject, Math.min(jobs, 20_000)));
    Map<String, Object> setting = new LinkedHashMap<>();
    setting.put(what.equals("enqueue") ? "callers" : "streams", concurrency);
    setting.put("jobs", jobs);
    stage.figures.add(bench, subject, setting, measure(process, what, subject, concurrency, jobs));
  }

  private void warmUp(SubjectProcess subject, String what, String name, int jobs) {
    boolean peer = Tables.of(name) != Tables.SHIGOTO;
    if (!(peer && quick)) {
      measure(subject, what, name, what.equals("enqueue") ? 50 : 1, jobs);
    }
  }

  private Map<String, Double> measure(
      SubjectProcess subject, String what, String name, int concurrency, int jobs) {
    try (Database database = Tables.of(name).waiting(stage, 0)) {
      Load load = new Load();
      subject.begin(Order.of(what, database.target()).concurrency(concurrency).jobs(jobs));
      JsonNode done = subject.await("done", LIMIT);
      double foreign = load.foreign();
      subject.stop();
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("jobs_per_s", done.path("n").asDouble() / done.path("seconds").asDouble());
      if (done.has("heap_mb")) {
        values.put("heap_peak_mb", done.path("heap_mb").asDouble());
      }
      values.put("foreign_cpu", foreign);
      requireAll(database, Tables.of(name), done.path("n").asLong());
      return values;
    }
  }

  private static void requireAll(Database database, Tables tables, long jobs) {
    if (tables == Tables.SHIGOTO) {
      double found = database.number("SELECT count(*) FROM shigoto.jobs");
      if (found != jobs) {
        throw new IllegalStateException(found + " of " + jobs + " jobs were inserted");
      }
    }
  }

  private void relate() {
    List<Figure> one = stage.figures.of("enqueue");
    for (Figure pgbench : one) {
      if (pgbench.subject().equals("pgbench") || pgbench.subject().equals("limit")) {
        String name = "ratio_to_" + pgbench.subject();
        String table = (String) pgbench.setting().getOrDefault("table", "shigoto.jobs");
        one.forEach(
            figure ->
                figure.ratio(
                    table.equals("plain") ? name + "_plain" : name,
                    "jobs_per_s",
                    pgbench.median("jobs_per_s")));
      }
    }
    List<Figure> many = stage.figures.of("enqueueAll");
    many.stream()
        .filter(figure -> figure.subject().equals("limit"))
        .mapToDouble(figure -> figure.median("jobs_per_s"))
        .max()
        .ifPresent(limit -> many.forEach(it -> it.ratio("ratio_to_limit", "jobs_per_s", limit)));
  }
}
