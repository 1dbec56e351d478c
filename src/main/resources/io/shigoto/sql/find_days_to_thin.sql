-- Finds days of history that are kept for jobs in some states, while those in others are over and not yet gone.
-- $1 terminal states  $2 days of history to keep of jobs in each
-- Returns for each the name of the partition, its day, and the states that are over.
-- Locks: none. Relies on: the name of a partition being job_history_YYYYMMDD (days of UTC).
WITH kept AS (
  SELECT state, (now() AT TIME ZONE 'UTC')::date - days AS oldest
    FROM unnest($1::text[]::shigoto.job_state[], $2::integer[]) AS wanted (state, days)
),
stored AS (
  SELECT child.relname::text AS name, to_date(right(child.relname, 8), 'YYYYMMDD') AS day
    FROM pg_inherits
    JOIN pg_class AS child ON child.oid = inhrelid
   WHERE inhparent = 'shigoto.job_history'::regclass
     AND child.relname ~ '^job_history_[0-9]{8}$'
)
SELECT name, day::text, array_agg(state::text ORDER BY state) AS states
  FROM stored
  JOIN kept ON day < oldest
 WHERE day >= (SELECT min(oldest) FROM kept)
   AND NOT EXISTS (
         SELECT FROM shigoto.thinned_days AS thinned WHERE thinned.day = stored.day AND thinned.state = kept.state)
 GROUP BY name, day
 ORDER BY day
