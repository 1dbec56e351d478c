-- Forgets keys that are over: their period has ended, or their job is no longer kept in the history.
-- $1 how many at most, of each kind  $2 terminal states  $3 days of history to keep of jobs in each
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
  SELECT ended.key
    FROM unnest($2::text[]::shigoto.job_state[], $3::integer[]) AS kept (state, days)
   CROSS JOIN LATERAL (
     SELECT key
       FROM shigoto.unique_keys
      WHERE ended_in = kept.state
        AND ended_at < shigoto.day_of(now()) - kept.days * interval '24 hours'
      ORDER BY ended_at
      LIMIT $1::integer
        FOR UPDATE SKIP LOCKED
   ) AS ended
)
DELETE FROM shigoto.unique_keys
 WHERE key = ANY (ARRAY(SELECT key FROM past UNION SELECT key FROM dropped ORDER BY key))
RETURNING job_id
