package io.shigoto;

import static io.shigoto.Nodes.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;

import io.shigoto.event.JobEvent.Kind;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ended jobs are kept as long as the builder said, and no longer, while the node works. */
class RetentionIT {

  private static final int KEPT = 3;
  private static final int OLDEST = 9;

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  @RegisterExtension final Nodes nodes = new Nodes();

  private final Told told = new Told();

  @Test
  void aNodeThatStartsDropsTheDaysThatAreOver() {
    history();

    start();

    assertThat(daysOfRows()).containsExactlyElementsOf(days(KEPT));
    assertThat(daysOfPartitions()).doesNotContainAnyElementsOf(days(KEPT + 1, OLDEST));
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history"))
        .as("of each day one job in each state, in a partition of its day or not")
        .isEqualTo((KEPT + 1) * 3);
  }

  /** What is there when it starts is looked at before it works; later, by the chore. */
  @Test
  void aNodeThatWorksDropsThemToo() {
    start();
    history();

    db.sql("UPDATE shigoto.nodes SET lease_until = now() - interval '1 ms'");
    told.await(Kind.NODE_JOINED, 2);

    Await.until("days are dropped", LIMIT, () -> daysOfRows().equals(days(KEPT)));
    Await.until(
        "its partitions are gone",
        LIMIT,
        () -> daysOfPartitions().stream().noneMatch(days(KEPT + 1, OLDEST)::contains));
    assertThat(db.number("SELECT count(*) FROM shigoto.job_history")).isEqualTo((KEPT + 1) * 3);
  }

  private void start() {
    nodes.start(
        Shigoto.builder(db.connectionFactory())
            .lease(Duration.ofSeconds(1))
            .retention(Duration.ofDays(KEPT))
            .listener(told));
  }

  /** Every other old day has a partition; rows of the others are in the default one. */
  private static void history() {
    IntStream.rangeClosed(1, OLDEST)
        .filter(ago -> ago % 2 == 0)
        .forEach(
            ago ->
                db.sql(
                    """
                    DO $$ BEGIN
                      EXECUTE format(
                        'CREATE TABLE IF NOT EXISTS shigoto.job_history_%%s PARTITION OF shigoto.job_history'
                          ' FOR VALUES FROM (%%L) TO (%%L)',
                        to_char((now() AT TIME ZONE 'UTC')::date - %1$d, 'YYYYMMDD'),
                        ((now() AT TIME ZONE 'UTC')::date - %1$d) || ' 00:00+00',
                        ((now() AT TIME ZONE 'UTC')::date - %1$d + 1) || ' 00:00+00');
                    END $$
                    """
                        .formatted(ago)));
    db.sql(
        """
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority,
                queue, worker, args)
        SELECT ago, 1, now(), now(), now() - ago * interval '1 day', state::shigoto.job_state, 1, 1, 0, 'q', 'w', '{}'
          FROM generate_series(0, $1) AS ago, unnest('{completed,discarded,cancelled}'::text[]) AS state
        """,
        OLDEST);
  }

  private static List<String> daysOfRows() {
    return names(
        "SELECT DISTINCT to_char(finished_at AT TIME ZONE 'UTC', 'YYYYMMDD') AS name"
            + " FROM shigoto.job_history ORDER BY 1 DESC");
  }

  private static List<String> daysOfPartitions() {
    return names(
        "SELECT right(tablename, 8) AS name FROM pg_tables"
            + " WHERE schemaname = 'shigoto' AND tablename ~ '^job_history_[0-9]+$' ORDER BY 1");
  }

  private static List<String> days(int oldest) {
    return days(0, oldest);
  }

  /** So many days ago, the latest first. */
  private static List<String> days(int latest, int oldest) {
    return names(
        "SELECT to_char((now() AT TIME ZONE 'UTC')::date - n, 'YYYYMMDD') AS name"
            + " FROM generate_series(%d, %d) AS n".formatted(latest, oldest));
  }

  private static List<String> names(String query) {
    return db.sql(query).stream().map(row -> String.valueOf(row.get("name"))).toList();
  }
}
