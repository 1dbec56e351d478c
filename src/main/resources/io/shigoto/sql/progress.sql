-- Writes how far runs are, each fenced by the lease of its claim.
-- $1 ids (ascending)  $2 leases and $3 percents, in the same order
-- There is no join whose order the planner could choose; see settle.sql.
-- Returns the ids that were written. One that is missing has lost its lease, or somebody else holds its row.
-- Locks: the rows, in id order, SKIP LOCKED: nobody waits for a worker's open transaction. Relies on: jobs_pkey.
WITH free AS MATERIALIZED (
  SELECT job.id
    FROM shigoto.jobs AS job
   WHERE job.id = ANY ($1::bigint[])
     AND job.lease = ($2::bigint[])[width_bucket(job.id, $1::bigint[])]
     AND job.state = 'executing'
   ORDER BY job.id
     FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE shigoto.jobs AS job
   SET progress = ($3::smallint[])[width_bucket(job.id, $1::bigint[])]
 WHERE job.id = ANY (ARRAY(SELECT id FROM free ORDER BY id))
RETURNING job.id
