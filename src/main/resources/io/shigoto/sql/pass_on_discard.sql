-- A job was discarded by a node that does not know its worker: one that does is to tell it.
-- $1 id  $2 lease  $3 queue  $4 worker  $5 attempt  $6 max_attempts
-- Writing it twice changes nothing, unless the first one was told already.
-- Locks: its own row. Relies on: untold_discards_pkey.
INSERT INTO shigoto.untold_discards (id, lease, queue, worker, attempt, max_attempts)
SELECT $1::bigint, $2::bigint, $3::text, $4::text, $5::integer, $6::integer
  FROM pg_notify('shigoto', 'd0')
    ON CONFLICT (id, lease) DO NOTHING
RETURNING id
