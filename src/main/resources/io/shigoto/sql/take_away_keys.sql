-- Takes away those of the keys that are over.
-- $1 keys
-- Locks: those keys, SKIP LOCKED. Relies on: unique_keys_pkey, jobs_pkey, job_history_id in each partition.
SELECT shigoto.take_away_keys($1::text[]::uuid[])
