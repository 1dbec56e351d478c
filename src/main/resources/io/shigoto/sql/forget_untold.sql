-- Forgets discarded jobs of which no node could tell their workers, because none knew them.
-- $1 how many at most  $2 days of history to keep
-- Locks: the rows, SKIP LOCKED. Relies on: untold_discards_at.
WITH past AS MATERIALIZED (
  SELECT ctid AS place
    FROM shigoto.untold_discards
   WHERE discarded_at < now() - $2::integer * interval '1 day'
   ORDER BY discarded_at
   LIMIT $1::integer
     FOR UPDATE SKIP LOCKED
)
DELETE FROM shigoto.untold_discards
 WHERE ctid = ANY (ARRAY(SELECT place FROM past))
RETURNING id
