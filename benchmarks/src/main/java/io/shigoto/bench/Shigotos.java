package io.shigoto.bench;

import io.shigoto.Shigoto;
import java.time.Duration;

/** Databases with the library's schema, and what is asked of them. */
final class Shigotos {

  private static final Duration LIMIT = Duration.ofMinutes(2);

  private Shigotos() {}

  /** A fresh database in which so many jobs wait and the history is empty. */
  static Database waiting(Databases databases, int jobs) {
    return databases.fresh(
        "shigoto-" + jobs,
        database -> {
          migrate(database);
          fill(database, jobs);
        });
  }

  /** The schema as a node makes it, with the partitions of these days. */
  static void migrate(Database database) {
    Shigoto node = Shigoto.builder(database.target().connectionFactory()).build();
    node.start().then(node.stop(Duration.ZERO)).block(LIMIT);
  }

  static void fill(Database database, int jobs) {
    database.run(
        """
        SET shigoto.notify = 'off';
        INSERT INTO shigoto.jobs (queue, worker, args)
        SELECT 'default', 'noop', jsonb_build_object('i', i) FROM generate_series(1, %d) AS i;
        RESET shigoto.notify
        """
            .formatted(jobs));
  }
}
