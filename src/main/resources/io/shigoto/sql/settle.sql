-- Writes the outcomes of a group of runs, each fenced by the lease of its claim.
-- $1 ids (ascending); in the same order: $2 leases  $3 target states  $4 due in (ms, NULL: as it was)
-- $5 given back (0: nothing, 1: the attempt, 2: the attempt of a run that was never begun)  $6 errors (JSON, NULL)  $7 results (JSON, NULL)
-- $8 whether the nodes hear of it at commit, which is the caller's
-- Terminal: the row moves to job_history. Otherwise it stays, due later or at once; unless the job was called off
-- meanwhile: then it is cancelled, whatever its run came to, if that is not completed.
-- There is no join whose order the planner could choose: the array drives the primary key, and width_bucket finds
-- a row's place in the ascending array by binary search.
-- A run that comes back and did not hold its unique key takes it again, or is cancelled, if it is to hold it; and gives
-- it up if it is not.
-- Returns the ids that were written. With some, what was written instead: 'called_off', or as settle_returning says.
-- One that is missing had lost its lease or, if it was to stay, was called off while this ran: a second look tells.
-- And what the nodes are to be told after the commit, in rows with or without an id.
-- Locks: the rows, terminal ones first, each kind in id order; it fails if others hold one of them for longer than a
-- moment, unless the transaction is a caller's; then keys of runs that come back, in their order; then, once for all ends, as jobs_ended. Relies on: jobs_pkey, unique_keys_pkey.
WITH patience AS MATERIALIZED (
  SELECT CASE WHEN NOT $8::boolean THEN set_config('lock_timeout', '100ms', true) END AS set
),
finished AS (
  DELETE FROM shigoto.jobs AS job
   WHERE (SELECT count(set) FROM patience) IS NOT NULL
     AND job.id = ANY ($1::bigint[])
     AND job.lease = ($2::bigint[])[width_bucket(job.id, $1::bigint[])]
     AND job.state = 'executing'
     AND (job.cancelling IS NOT NULL
          OR ($3::text[])[width_bucket(job.id, $1::bigint[])] IN ('completed', 'discarded', 'cancelled'))
  RETURNING job.*, width_bucket(job.id, $1::bigint[]) AS n,
            CASE WHEN job.cancelling IS NOT NULL
                  AND ($3::text[])[width_bucket(job.id, $1::bigint[])] <> 'completed'
                 THEN 'cancelled'
                 ELSE ($3::text[])[width_bucket(job.id, $1::bigint[])] END AS ended_as
),
archived AS (
  INSERT INTO shigoto.job_history
         (id, lease, scheduled_at, inserted_at, claimed_at, finished_at, state, attempt, max_attempts,
          priority, queue, worker, args, meta, tags, partition_key, errors, result,
          progress, batch_id, unique_key, unique_until, unique_states, depends_on, if_not_completed)
  SELECT id, lease, scheduled_at, inserted_at, claimed_at, now(), ended_as::shigoto.job_state,
         attempt - least(($5::integer[])[n], 1), max_attempts, priority, queue, worker, args, meta, tags, partition_key,
         shigoto.with_error(errors, ($6::text[])[n]::jsonb), ($7::text[])[n]::jsonb,
         progress, batch_id, unique_key, unique_until, unique_states, depends_on, if_not_completed
    FROM finished
),
resumed AS (
  UPDATE shigoto.jobs AS job
     SET state = ($3::text[])[width_bucket(job.id, $1::bigint[])]::shigoto.job_state,
         owner = NULL,
         scheduled_at = coalesce(
           now() + ($4::bigint[])[width_bucket(job.id, $1::bigint[])] * interval '1 millisecond', job.scheduled_at),
         attempt = job.attempt - least(($5::integer[])[width_bucket(job.id, $1::bigint[])], 1),
         begun = CASE WHEN ($5::integer[])[width_bucket(job.id, $1::bigint[])] < 2 THEN true ELSE job.begun END,
         errors = shigoto.with_error(job.errors, ($6::text[])[width_bucket(job.id, $1::bigint[])]::jsonb)
   WHERE (SELECT count(set) FROM patience) IS NOT NULL
     AND job.id = ANY ($1::bigint[])
     AND job.lease = ($2::bigint[])[width_bucket(job.id, $1::bigint[])]
     AND job.state = 'executing'
     AND job.cancelling IS NULL
     AND ($3::text[])[width_bucket(job.id, $1::bigint[])] NOT IN ('completed', 'discarded', 'cancelled')
     AND (job.unique_states IS NULL
          OR ('executing' = ANY (job.unique_states))
             = (($3::text[])[width_bucket(job.id, $1::bigint[])]::shigoto.job_state = ANY (job.unique_states)))
  RETURNING job.id
),
keyless AS MATERIALIZED (
  SELECT job.id, job.lease, width_bucket(job.id, $1::bigint[]) AS n
    FROM shigoto.jobs AS job
   WHERE NOT ($3::text[] <@ '{completed,discarded,cancelled}')
     AND job.id = ANY ($1::bigint[])
     AND job.unique_states IS NOT NULL
     AND job.cancelling IS NULL
     AND job.lease = ($2::bigint[])[width_bucket(job.id, $1::bigint[])]
     AND job.state = 'executing'
     AND ($3::text[])[width_bucket(job.id, $1::bigint[])] NOT IN ('completed', 'discarded', 'cancelled')
     AND ('executing' = ANY (job.unique_states))
         <> (($3::text[])[width_bucket(job.id, $1::bigint[])]::shigoto.job_state = ANY (job.unique_states))
),
returned AS MATERIALIZED (
  SELECT settled.id, settled.instead, settled.ended
    FROM (SELECT array_agg(ROW(id, lease, ($3::text[])[n], ($4::bigint[])[n], ($5::integer[])[n],
                               ($6::text[])[n]::jsonb)::shigoto.returning_run ORDER BY id) AS runs
            FROM keyless
          HAVING count(*) > 0) AS keyless
   CROSS JOIN LATERAL shigoto.settle_returning(keyless.runs) AS settled
),
followed AS MATERIALIZED (
  SELECT shigoto.jobs_ended(array_agg(ended ORDER BY id), $8::boolean) AS told
    FROM (SELECT id, ROW(id, ended_as, batch_id, unique_key, watched)::shigoto.ended_job AS ended
            FROM finished
           WHERE watched OR batch_id IS NOT NULL OR unique_key IS NOT NULL
           UNION ALL
          SELECT id, ended
            FROM returned
           WHERE instead = 'cancelled') AS over
  HAVING count(*) > 0
)
SELECT id, NULL::text[] AS told, CASE WHEN ended_as <> ($3::text[])[n] THEN 'called_off' END AS instead
  FROM finished
UNION ALL
SELECT id, NULL, NULL FROM resumed
UNION ALL
SELECT id, NULL, instead FROM returned
UNION ALL
SELECT NULL, told, NULL FROM followed
