-- Deletes what is too old from the default partition, where days without a partition of their own went.
-- $1 how many at most, of each state  $2 terminal states  $3 days of history to keep of jobs in each
-- Locks: the rows, SKIP LOCKED. Relies on: job_history_default_ended.
WITH past AS MATERIALIZED (
  SELECT ended.place
    FROM unnest($2::text[]::shigoto.job_state[], $3::integer[]) AS kept (state, days)
   CROSS JOIN LATERAL (
     SELECT ctid AS place
       FROM shigoto.job_history_default
      WHERE state = kept.state
        AND finished_at < shigoto.day_of(now()) - kept.days * interval '24 hours'
      ORDER BY finished_at
      LIMIT $1::integer
        FOR UPDATE SKIP LOCKED
   ) AS ended
)
DELETE FROM shigoto.job_history_default
 WHERE ctid = ANY (ARRAY(SELECT place FROM past))
RETURNING id
