-- Reads messages that are about to be handled. Those that are out of retention are missing.
-- $1 ids
-- Locks: none. Relies on: broadcasts_pkey.
SELECT id, payload::text AS payload, published_at
  FROM shigoto.broadcasts
 WHERE id = ANY ($1::bigint[])
