-- Forgets discarded jobs of which no node could tell their workers, because none knew them.
-- $1 how many at most  $2 days of history to keep
-- Locks: the rows, SKIP LOCKED. Relies on: untold_discards_at, untold_discards_pkey.
WITH past AS MATERIALIZED (
  SELECT id, lease
    FROM shigoto.untold_discards
   WHERE discarded_at < now() - $2::integer * interval '1 day'
   ORDER BY discarded_at
   LIMIT $1::integer
     FOR UPDATE SKIP LOCKED
)
DELETE FROM shigoto.untold_discards AS untold
 USING past
 WHERE untold.id = past.id
   AND untold.lease = past.lease
RETURNING untold.id
