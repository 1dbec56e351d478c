-- Finds the days of history: a row per day from the oldest partition to $1 days ahead.
-- $1 days ahead to keep ready  $2 days of history to keep
-- Returns what to do with each: 'create' or 'drop', the name of the partition, its first day and the day after.
-- Locks: none. Relies on: the name of a partition being job_history_YYYYMMDD (days of UTC).
WITH today AS (
  SELECT (now() AT TIME ZONE 'UTC')::date AS day
),
kept AS (
  SELECT child.relname::text AS name, to_date(right(child.relname, 8), 'YYYYMMDD') AS day
    FROM pg_inherits
    JOIN pg_class AS child ON child.oid = inhrelid
   WHERE inhparent = 'shigoto.job_history'::regclass
     AND child.relname ~ '^job_history_[0-9]{8}$'
)
SELECT 'drop' AS chore, name, kept.day::text AS day, (kept.day + 1)::text AS next_day
  FROM kept, today
 WHERE kept.day < today.day - $2::integer
UNION ALL
SELECT 'create', 'job_history_' || to_char(wanted, 'YYYYMMDD'), wanted::date::text, (wanted::date + 1)::text
  FROM today, generate_series(today.day::timestamp, today.day + $1::integer, interval '1 day') AS wanted
 WHERE NOT EXISTS (SELECT FROM kept WHERE kept.day = wanted::date)
 ORDER BY 1, 2
