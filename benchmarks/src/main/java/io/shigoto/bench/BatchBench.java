package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.util.Map;

/** The same drain with all jobs in one batch: everybody who settles counts in the same row. */
final class BatchBench {

  private static final int CONCURRENCY = 50;
  private static final int JOBS = 100_000;

  private final Stage stage;

  BatchBench(Stage stage) {
    this.stage = stage;
  }

  void run() {
    if (!stage.options.wants("shigoto")) {
      return;
    }
    for (int round = 0; round < stage.options.rounds(); round++) {
      drain(0);
      drain(1);
    }
    double base =
        stage.figures.of("batch").stream()
            .filter(figure -> figure.setting().equals(setting(0)))
            .findFirst()
            .orElseThrow()
            .median("jobs_per_s");
    stage.figures.of("batch").forEach(figure -> figure.ratio("ratio", "jobs_per_s", base));
    stage.figures.print("batch");
  }

  private static Map<String, Object> setting(int batches) {
    return Map.of("batches", batches);
  }

  private void drain(int batches) {
    SubjectProcess subject = stage.subject("shigoto", "batch", fresh -> measure(fresh, 0));
    stage.figures.add("batch", "shigoto", setting(batches), measure(subject, batches));
  }

  private Map<String, Double> measure(SubjectProcess subject, int batches) {
    try (Database database =
        stage.databases.fresh("batch-" + batches, db -> fill(db, batches > 0))) {
      Order order = Order.of("drain", database.target()).concurrency(CONCURRENCY).jobs(JOBS);
      return Drain.run(subject, Tables.SHIGOTO, order, database);
    }
  }

  /** The batch stays open, so that no callback comes after it. */
  private static void fill(Database database, boolean inOne) {
    Tables.migrate(database);
    Tables.insert(database, JOBS);
    if (inOne) {
      database.run(
          """
          INSERT INTO shigoto.batches (id, total, callback.queue, callback.worker)
          OVERRIDING SYSTEM VALUE VALUES (1, %d, 'default', 'callback');
          UPDATE shigoto.jobs SET batch_id = 1
          """
              .formatted(JOBS));
    }
    database.run("VACUUM FULL shigoto.jobs");
  }
}
