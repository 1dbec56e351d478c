package io.shigoto.support;

import java.util.List;

/** Days of history of a database, counted from today: before today they are negative. */
public final class PastDays {

  private final TestDatabase database;

  public PastDays(TestDatabase database) {
    this.database = database;
  }

  /** Makes the partition of a day. */
  public void make(int day) {
    database.sql(
        """
        DO $$ BEGIN
          EXECUTE format(
            'CREATE TABLE IF NOT EXISTS shigoto.%%I PARTITION OF shigoto.job_history FOR VALUES FROM (%%L) TO (%%L)',
            'job_history_' || to_char((now() AT TIME ZONE 'UTC')::date + %1$d, 'YYYYMMDD'),
            ((now() AT TIME ZONE 'UTC')::date + %1$d) || ' 00:00+00',
            ((now() AT TIME ZONE 'UTC')::date + %1$d + 1) || ' 00:00+00');
        END $$
        """
            .formatted(day));
  }

  /** Jobs that ended on a day in a state, with these ids. */
  public void ended(int day, String state, long from, long to) {
    database.sql(
        """
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, finished_at, state, attempt, max_attempts, priority,
                queue, worker, args)
        SELECT id, 1, now(), now(), now() + $1 * interval '24 hours', $2::shigoto.job_state, 1, 1, 0, 'q', 'w', '{}'
          FROM generate_series($3::bigint, $4::bigint) AS id
        """,
        day,
        state,
        from,
        to);
  }

  /** What the days are called, from one to another, both among them. */
  public List<String> names(int from, int to) {
    return text(
        "SELECT to_char((now() AT TIME ZONE 'UTC')::date + n, 'YYYYMMDD') AS text FROM generate_series(%d, %d) AS n"
            .formatted(from, to));
  }

  /** The days that have a partition. */
  public List<String> made() {
    return text(
        "SELECT right(tablename, 8) AS text FROM pg_tables"
            + " WHERE schemaname = 'shigoto' AND tablename ~ '^job_history_[0-9]+$' ORDER BY 1");
  }

  /**
   * Of each day on which jobs have ended, in each state: "day state count", for example "-3
   * completed 7".
   */
  public List<String> counts() {
    return text(
        """
        SELECT concat_ws(' ', day, state, count(*)) AS text
          FROM (SELECT (finished_at AT TIME ZONE 'UTC')::date - (now() AT TIME ZONE 'UTC')::date AS day, state
                  FROM shigoto.job_history) AS job
         GROUP BY day, state
         ORDER BY day, state
        """);
  }

  /**
   * Only the days from today to so many days ahead have a partition, as if a node had just started:
   * the template of the database may have been made on another day.
   */
  public void renew(int ahead) {
    drop();
    for (int day = 0; day <= ahead; day++) {
      make(day);
    }
  }

  /** Drops all partitions of days. */
  public void drop() {
    made().forEach(day -> database.sql("DROP TABLE shigoto.job_history_" + day));
  }

  private List<String> text(String query) {
    return database.sql(query).stream().map(row -> String.valueOf(row.get("text"))).toList();
  }
}
