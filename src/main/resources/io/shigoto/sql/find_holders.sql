-- Tells which jobs hold keys, but for what is over.
-- $1 keys
-- Locks: none. Relies on: unique_keys_pkey, jobs_pkey, job_history_id in each partition.
SELECT key::text AS key, job_id
  FROM shigoto.unique_keys AS held
 WHERE key = ANY ($1::text[]::uuid[])
   AND (until IS NULL OR until > clock_timestamp())
   AND (ended_at IS NOT NULL
        OR (SELECT id FROM shigoto.jobs WHERE id = held.job_id LIMIT 1) IS NOT NULL
        OR shigoto.ended_holding(held.job_id, held.states))
