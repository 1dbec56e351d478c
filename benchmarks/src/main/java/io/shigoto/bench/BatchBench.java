package io.shigoto.bench;

import io.shigoto.Shigoto;
import io.shigoto.batch.NewBatch;
import io.shigoto.bench.subject.Order;
import io.shigoto.job.NewJob;
import java.time.Duration;
import java.util.Map;
import java.util.function.UnaryOperator;
import reactor.core.publisher.Flux;

/**
 * The same jobs in one batch and in none: enqueued into it while it is open, and worked off when it
 * is sealed, with its callback. Everybody who settles counts in the same row.
 */
final class BatchBench {

  private static final int CONCURRENCY = 50;

  private static final int JOBS = 100_000;

  private static final Duration LIMIT = Duration.ofMinutes(5);

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
    relate("ratio", "jobs_per_s");
    relate("enqueue_ratio", "enqueued_per_s");
    stage.figures.print("batch");
  }

  private void relate(String ratio, String value) {
    double base =
        stage.figures.of("batch").stream()
            .filter(figure -> figure.setting().equals(setting(0)))
            .findFirst()
            .orElseThrow()
            .median(value);
    stage.figures.of("batch").forEach(figure -> figure.ratio(ratio, value, base));
  }

  private static Map<String, Object> setting(int batches) {
    return Map.of("batches", batches);
  }

  private void drain(int batches) {
    SubjectProcess subject = stage.subject("shigoto", "batch", fresh -> measure(fresh, 0));
    stage.figures.add("batch", "shigoto", setting(batches), measure(subject, batches));
  }

  private Map<String, Double> measure(SubjectProcess subject, int batches) {
    try (Database database = stage.databases.fresh("batch", Tables::migrate)) {
      double enqueued = batches == 0 ? fill(database) : fillBatch(database);
      database.run("VACUUM ANALYZE shigoto.jobs");
      Order order =
          Order.of("drain", database.target())
              .config("callback")
              .concurrency(CONCURRENCY)
              .jobs(JOBS);
      Map<String, Double> values = Drain.run(subject, Tables.SHIGOTO, order, database);
      values.put("enqueued_per_s", enqueued);
      if (batches > 0) {
        check(database);
      }
      return values;
    }
  }

  private static double fill(Database database) {
    Shigoto node = node(database);
    double perSecond = enqueue(node, JOBS, job -> job);
    node.stop(Duration.ZERO).block(LIMIT);
    return perSecond;
  }

  private static double fillBatch(Database database) {
    Shigoto node = node(database);
    long batch = node.batches().open(NewBatch.of("callback", Map.of())).block(LIMIT);
    double perSecond = enqueue(node, JOBS, job -> job.batch(batch));
    node.batches().seal(batch).block(LIMIT);
    node.stop(Duration.ZERO).block(LIMIT);
    return perSecond;
  }

  private static Shigoto node(Database database) {
    return Shigoto.builder(database.target().connectionFactory()).build();
  }

  private static double enqueue(Shigoto node, int jobs, UnaryOperator<NewJob> options) {
    long began = System.nanoTime();
    node.enqueueAll(Flux.range(0, jobs).map(i -> options.apply(NewJob.of("noop", Map.of("i", i)))))
        .blockLast(LIMIT);
    return jobs / ((System.nanoTime() - began) / 1e9);
  }

  /** All were counted, and its callback ran, once. */
  private static void check(Database database) {
    Map<String, Object> batch =
        database.row(
            """
            SELECT completed, finished_at IS NOT NULL AS finished,
                   (SELECT count(*) FROM shigoto.job_history
                     WHERE id = callback_id AND state = 'completed') AS callbacks
              FROM shigoto.batches
            """);
    if (!batch.equals(Map.of("completed", (long) JOBS, "finished", true, "callbacks", 1L))) {
      throw new IllegalStateException("the batch is " + batch);
    }
  }
}
