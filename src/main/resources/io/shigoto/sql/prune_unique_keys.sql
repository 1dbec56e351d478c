-- Forgets keys that are over: their period has ended, or their job was dropped from the history.
-- $1 how many at most, of either kind  $2 days of history to keep
-- Locks: the keys, SKIP LOCKED. Relies on: unique_keys_until, unique_keys_ended, unique_keys_pkey.
WITH past AS MATERIALIZED (
  SELECT key
    FROM shigoto.unique_keys
   WHERE until <= now()
   ORDER BY until
   LIMIT $1::integer
     FOR UPDATE SKIP LOCKED
),
dropped AS MATERIALIZED (
  SELECT key
    FROM shigoto.unique_keys
   WHERE ended_at < date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - $2::integer * interval '1 day'
   ORDER BY ended_at
   LIMIT $1::integer
     FOR UPDATE SKIP LOCKED
)
DELETE FROM shigoto.unique_keys
 WHERE key = ANY (ARRAY(SELECT key FROM past UNION SELECT key FROM dropped ORDER BY key))
RETURNING job_id
