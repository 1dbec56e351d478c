-- Tells which jobs hold keys.
-- $1 keys
-- Locks: none. Relies on: unique_keys_pkey.
SELECT key::text AS key, job_id
  FROM shigoto.unique_keys
 WHERE key = ANY ($1::text[]::uuid[])
