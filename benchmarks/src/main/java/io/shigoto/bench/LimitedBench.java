package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The jobs of one worker, alone in their queue and behind ten times as many of another one that is
 * rate-limited: how fast they are worked off, and what part of the claims was given back.
 */
final class LimitedBench {

  private static final int CONCURRENCY = 50;
  private static final int TIMES = 10;
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private static final String LIMITED_DONE =
      "SELECT count(*) FROM shigoto.job_history WHERE worker = 'limited'";

  /** Each claim raises the lease of its job by one. */
  private static final String GIVEN_BACK =
      """
      SELECT (sum(lease) - count(*) FILTER (WHERE state IN ('completed', 'executing'))) / sum(lease)::float8
        FROM (SELECT state, lease FROM shigoto.jobs
               UNION ALL
              SELECT state, lease FROM shigoto.job_history) AS claimed
      """;

  private final Stage stage;
  private final int jobs;

  LimitedBench(Stage stage) {
    this.stage = stage;
    this.jobs = stage.options.quick() ? 20_000 : 100_000;
  }

  void run() {
    if (!stage.options.wants("shigoto")) {
      return;
    }
    for (int round = 0; round < stage.options.rounds(); round++) {
      drain(0);
      drain(TIMES * jobs);
    }
    double base =
        stage.figures.of("limited").stream()
            .filter(figure -> figure.setting().equals(setting(0)))
            .findFirst()
            .orElseThrow()
            .median("jobs_per_s");
    stage.figures.of("limited").forEach(figure -> figure.ratio("ratio", "jobs_per_s", base));
    stage.figures.print("limited");
  }

  private static Map<String, Object> setting(int limited) {
    return Map.of("limited", limited);
  }

  private void drain(int limited) {
    SubjectProcess subject = stage.subject("shigoto", "limited", fresh -> measure(fresh, 0));
    stage.figures.add("limited", "shigoto", setting(limited), measure(subject, limited));
  }

  private Map<String, Double> measure(SubjectProcess subject, int limited) {
    try (Database database =
        stage.databases.fresh("limited-" + limited, fresh -> fill(fresh, limited))) {
      Load load = new Load();
      subject.begin(
          Order.of("drain", database.target())
              .config("limited")
              .concurrency(CONCURRENCY)
              .jobs(jobs));
      subject.await("done", LIMIT);
      while (database.number("SELECT count(*) FROM shigoto.job_history WHERE worker = 'noop'")
          < jobs) {
        Pause.millis(20);
      }
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("jobs_per_s", jobs / seconds(database));
      values.put("limited_done", database.number(LIMITED_DONE));
      values.put("given_back", database.number(GIVEN_BACK));
      values.put("foreign_cpu", load.foreign());
      subject.stop();
      return values;
    }
  }

  /** The limited ones are due first. */
  private void fill(Database database, int limited) {
    Tables.migrate(database);
    Tables.insert(database, limited);
    database.run("UPDATE shigoto.jobs SET worker = 'limited'");
    Tables.insert(database, jobs);
    database.run("VACUUM ANALYZE shigoto.jobs");
  }

  private static double seconds(Database database) {
    return database.number(
        """
        SELECT extract(epoch FROM max(finished_at) - min(claimed_at))
          FROM shigoto.job_history
         WHERE worker = 'noop'
        """);
  }
}
