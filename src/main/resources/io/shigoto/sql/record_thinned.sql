-- Records that no job in these states is left in a day of history, and forgets days that are dropped by now.
-- $1 the day  $2 terminal states  $3 days of history to keep
-- Locks: the new rows, and those that are forgotten. Relies on: thinned_days_pkey.
WITH forgotten AS (
  DELETE FROM shigoto.thinned_days
   WHERE day < (now() AT TIME ZONE 'UTC')::date - $3::integer
)
INSERT INTO shigoto.thinned_days (day, state)
SELECT $1::text::date, state
  FROM unnest($2::text[]::shigoto.job_state[]) AS state
ON CONFLICT DO NOTHING
RETURNING state
