-- Forgets who has waited in vain for whom, of jobs that wait no more.
-- $1 how many rows are looked at, at most  $2 two texts, job and child: behind which row it goes on
-- Returns one row: the row behind which the next look goes on, as two texts, and how many were forgotten; none if there
-- was nothing to look at.
-- Locks: the rows. Relies on: failed_parents_pkey, jobs_pkey.
WITH slice AS MATERIALIZED (
  SELECT ctid AS place, parent_id, child_id
    FROM shigoto.failed_parents
   WHERE (parent_id, child_id) > (($2::text[])[1]::bigint, ($2::text[])[2]::bigint)
   ORDER BY parent_id, child_id
   LIMIT $1::integer
),
forgotten AS (
  DELETE FROM shigoto.failed_parents
   WHERE ctid = ANY (ARRAY(
           SELECT place
             FROM slice
            WHERE (SELECT id FROM shigoto.jobs WHERE id = slice.child_id AND state = 'waiting' LIMIT 1) IS NULL))
  RETURNING child_id
)
SELECT ARRAY[parent_id::text, child_id::text] AS last, (SELECT count(*) FROM forgotten) AS forgotten
  FROM slice
 ORDER BY parent_id DESC, child_id DESC
 LIMIT 1
