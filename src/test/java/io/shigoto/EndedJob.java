package io.shigoto;

import io.shigoto.job.JobState;
import io.shigoto.support.DatabaseExtension;

/** A job of the history that has everything but a key and a batch. */
final class EndedJob {

  private EndedJob() {}

  /**
   * @param finishedAt as PostgreSQL reads it
   */
  static void insert(DatabaseExtension db, long id, JobState state, String finishedAt) {
    db.sql(
        """
        INSERT INTO shigoto.job_history
               (id, lease, scheduled_at, inserted_at, claimed_at, finished_at, state, attempt, max_attempts, priority,
                queue, worker, args, meta, tags, partition_key, errors, progress, depends_on)
        VALUES ($1, 5, $3::timestamptz - interval '2 hours', $3::timestamptz - interval '3 hours',
                $3::timestamptz - interval '1 hour', $3::timestamptz, $2::shigoto.job_state, 3, 3, 7, 'q', 'w',
                '{"a": 1}', '{"m": "n"}', '{t}', 'p', '[{"attempt": 3, "message": "no"}]', 50, '{999999}')
        """,
        id,
        state.sqlName(),
        finishedAt);
  }
}
