package io.shigoto.bench;

import io.shigoto.Shigoto;
import io.shigoto.bench.subject.Order;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;

/** Whose tables a subject works on: how they are filled, and when none is left. */
enum Tables {
  SHIGOTO("EXISTS (SELECT FROM shigoto.jobs)"),
  DB_SCHEDULER("EXISTS (SELECT FROM scheduled_tasks)"),
  JOBRUNR(
      "EXISTS (SELECT FROM jobrunr_jobs WHERE state IN"
          + " ('ENQUEUED', 'PROCESSING', 'SCHEDULED', 'AWAITING', 'FAILED'))");

  private static final Duration LIMIT = Duration.ofMinutes(10);

  private final String someLeft;

  Tables(String someLeft) {
    this.someLeft = someLeft;
  }

  static Tables of(String subject) {
    return switch (subject) {
      case "db-scheduler" -> DB_SCHEDULER;
      case "jobrunr" -> JOBRUNR;
      default -> SHIGOTO;
    };
  }

  /** A fresh database in which so many jobs wait, and nothing else is. */
  Database waiting(Stage stage, int jobs) {
    String template = name().toLowerCase(Locale.ROOT) + "-" + jobs;
    return stage.databases.fresh(template, database -> fill(stage, database, jobs));
  }

  private void fill(Stage stage, Database database, int jobs) {
    if (this == SHIGOTO) {
      migrate(database);
      insert(database, jobs);
      return;
    }
    // The peers' tables are filled by themselves, each with what it has for many.
    String peer = this == JOBRUNR ? "jobrunr" : "db-scheduler";
    SubjectProcess filler = stage.subject(peer);
    filler.begin(Order.of("fill", database.target()).jobs(jobs));
    filler.await("done", LIMIT);
    filler.stop();
  }

  /** The schema as a node makes it, with the partitions of these days. */
  static void migrate(Database database) {
    Shigoto node = Shigoto.builder(database.target().connectionFactory()).build();
    node.start().then(node.stop(Duration.ZERO)).block(LIMIT);
  }

  static void insert(Database database, int jobs) {
    if (jobs > 0) {
      database.run(
          """
          SET shigoto.notify = 'off';
          INSERT INTO shigoto.jobs (queue, worker, args)
          SELECT 'default', 'noop', jsonb_build_object('i', i)
            FROM generate_series(0, %d) AS i;
          RESET shigoto.notify
          """
              .formatted(jobs - 1));
    }
  }

  /** Looks every few milliseconds; returns the server's time at the first look that found none. */
  double untilNoneIsLeft(Database database) {
    long began = System.nanoTime();
    while (System.nanoTime() - began < LIMIT.toNanos()) {
      Map<String, Object> look =
          database.row(
              "SELECT "
                  + someLeft
                  + " AS some, extract(epoch FROM clock_timestamp())::float8 AS at");
      if (Boolean.FALSE.equals(look.get("some"))) {
        return ((Number) look.get("at")).doubleValue();
      }
      Pause.millis(5);
    }
    throw new IllegalStateException("some jobs are left after " + LIMIT);
  }
}
