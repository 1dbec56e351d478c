package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Many jobs pass while another session holds an old snapshot, so that no dead row can be removed:
 * how much slower is the last tenth than the first? Beside it the same without the snapshot.
 */
final class PinnedBench {

  private static final int CONCURRENCY = 50;

  private final Stage stage;
  private final int jobs;

  PinnedBench(Stage stage) {
    this.stage = stage;
    this.jobs = stage.options.quick() ? 100_000 : 500_000;
  }

  void run() {
    if (!stage.options.wants("shigoto")) {
      return;
    }
    SubjectProcess subject = stage.subject("shigoto", "pinned", fresh -> drain(fresh, false));
    for (int round = 0; round < stage.options.rounds(); round++) {
      for (boolean pinned : new boolean[] {false, true}) {
        Map<String, Object> setting = new LinkedHashMap<>();
        setting.put("snapshot", pinned ? "held" : "none");
        setting.put("jobs", jobs);
        stage.figures.add("pinned", "shigoto", setting, drain(subject, pinned));
      }
    }
    stage.figures.print("pinned");
  }

  private Map<String, Double> drain(SubjectProcess subject, boolean pinned) {
    try (Database database = Tables.SHIGOTO.waiting(stage, jobs);
        Database holder = new Database(null, database.target())) {
      if (pinned) {
        holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM shigoto.nodes");
      }
      Order order = Order.of("drain", database.target()).concurrency(CONCURRENCY).jobs(jobs);
      Map<String, Double> values = Drain.run(subject, Tables.SHIGOTO, order, database);
      double begin = rate(database, 0, jobs / 10);
      double end = rate(database, jobs - jobs / 10, jobs / 10);
      values.put("first_tenth_jobs_per_s", begin);
      values.put("last_tenth_jobs_per_s", end);
      values.put("last_to_first", end / begin);
      return values;
    }
  }

  /** Of so many jobs after the first ones, by when they ended. */
  private static double rate(Database database, int after, int n) {
    return n
        / database.number(
            """
            SELECT extract(epoch FROM max(finished_at) - min(finished_at))::float8
              FROM (SELECT finished_at FROM shigoto.job_history
                     ORDER BY finished_at OFFSET %d LIMIT %d) AS part
            """
                .formatted(after, n));
  }
}
