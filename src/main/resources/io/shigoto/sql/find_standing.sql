-- Tells how runs stand whose workers may have written the completion in transactions of their own.
-- $1 ids (ascending)  $2 leases, in the same order
-- Returns a row for each, in the same order: 'completed' (written and committed), 'free' (it holds its lease, and no
-- transaction holds its row), 'held' (a transaction holds its row: it is not known yet), 'lost' (it has lost its lease).
-- Locks: the rows that are free, for an instant, SKIP LOCKED. Relies on: jobs_pkey, job_history_id in each partition.
WITH free AS MATERIALIZED (
  SELECT job.id, job.lease
    FROM shigoto.jobs AS job
   WHERE job.id = ANY ($1::bigint[])
     AND job.lease = ($2::bigint[])[width_bucket(job.id, $1::bigint[])]
     AND job.state = 'executing'
     FOR UPDATE SKIP LOCKED
)
SELECT CASE
         WHEN EXISTS (
           SELECT FROM shigoto.job_history AS job
            WHERE job.id = run.id
              AND job.lease = run.lease
              AND job.state = 'completed') THEN 'completed'
         WHEN EXISTS (
           SELECT FROM free
            WHERE free.id = run.id
              AND free.lease = run.lease) THEN 'free'
         WHEN EXISTS (
           SELECT FROM shigoto.jobs AS job
            WHERE job.id = run.id
              AND job.lease = run.lease
              AND job.state = 'executing') THEN 'held'
         ELSE 'lost'
       END AS standing
  FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS run (id, lease, n)
 ORDER BY run.n
