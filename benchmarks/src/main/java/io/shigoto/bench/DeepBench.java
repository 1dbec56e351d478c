package io.shigoto.bench;

import io.shigoto.bench.subject.Order;
import java.util.LinkedHashMap;
import java.util.Map;

/** The same drain with many jobs waiting, and with a long history. */
final class DeepBench {

  private static final int CONCURRENCY = 50;
  private static final int FEW = 50_000;
  private static final int MANY = 1_000_000;
  private static final int PAST = 5_000_000;

  private final Stage stage;

  DeepBench(Stage stage) {
    this.stage = stage;
  }

  void run() {
    if (!stage.options.wants("shigoto")) {
      return;
    }
    for (int round = 0; round < stage.options.rounds(); round++) {
      drain(FEW, 0);
      drain(MANY, 0);
      drain(FEW, PAST);
    }
    double base = rate(FEW, 0);
    stage.figures.of("deep").forEach(figure -> figure.ratio("ratio", "jobs_per_s", base));
    stage.figures.print("deep");
  }

  private double rate(int waiting, int past) {
    return stage.figures.of("deep").stream()
        .filter(figure -> figure.setting().equals(setting(waiting, past)))
        .findFirst()
        .orElseThrow()
        .median("jobs_per_s");
  }

  private static Map<String, Object> setting(int waiting, int past) {
    Map<String, Object> setting = new LinkedHashMap<>();
    setting.put("waiting", waiting);
    setting.put("history", past);
    return setting;
  }

  private void drain(int waiting, int past) {
    SubjectProcess subject = stage.subject("shigoto", "deep", fresh -> measure(fresh, FEW, 0));
    stage.figures.add("deep", "shigoto", setting(waiting, past), measure(subject, waiting, past));
  }

  private Map<String, Double> measure(SubjectProcess subject, int waiting, int past) {
    try (Database database =
        stage.databases.fresh("deep-" + waiting + "-" + past, db -> fill(db, waiting, past))) {
      Order order = Order.of("drain", database.target()).concurrency(CONCURRENCY).jobs(waiting);
      return Drain.run(subject, Tables.SHIGOTO, order, database);
    }
  }

  private static void fill(Database database, int waiting, int past) {
    Tables.migrate(database);
    Tables.insert(database, waiting);
    if (past > 0) {
      // Of another worker, so that they are not taken for jobs of the run; ended in this second, so
      // that they stand in the partition that the run writes to.
      database.run(
          """
          INSERT INTO shigoto.job_history (id, lease, scheduled_at, inserted_at, claimed_at,
                 finished_at, state, attempt, max_attempts, priority, queue, worker, args)
          SELECT -i, 1, now(), now(), now(), now(), 'completed', 1, 3, 0, 'default', 'past',
                 jsonb_build_object('i', i)
            FROM generate_series(1, %d) AS i
          """
              .formatted(past));
    }
  }
}
