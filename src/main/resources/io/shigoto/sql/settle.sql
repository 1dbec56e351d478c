-- Writes the outcomes of a group of runs, each fenced by the lease of its claim.
-- $1 ids (ascending)  $2 leases  $3 target states  $4 due in (ms, NULL for a terminal state)
-- $5 attempts given back (0 or 1)  $6 errors (JSON, NULL)  $7 results (JSON, NULL)
-- Terminal: the row moves to job_history. Otherwise it stays, due later or at once.
-- Returns the ids that were written; one that is missing had lost its lease.
-- Locks: the rows, terminal ones first, each kind in id order. Relies on: jobs_pkey, driven by the arrays.
WITH finished AS (
  DELETE FROM shigoto.jobs AS job
   USING unnest($1::bigint[], $2::bigint[], $3::text[], $5::integer[], $6::text[], $7::text[])
           AS run (id, lease, state, refund, error, result)
   WHERE job.id = run.id
     AND job.lease = run.lease
     AND job.state = 'executing'
     AND run.state IN ('completed', 'discarded', 'cancelled')
  RETURNING job.id, job.lease, job.scheduled_at, job.inserted_at, job.claimed_at,
            run.state::shigoto.job_state AS state, job.attempt - run.refund AS attempt, job.max_attempts,
            job.priority, job.queue, job.worker, job.args, job.meta, job.tags, job.partition_key,
            CASE WHEN run.error IS NULL THEN job.errors
                 ELSE shigoto.with_error(job.errors, run.error::jsonb) END AS errors,
            run.result::jsonb AS result
),
archived AS (
  INSERT INTO shigoto.job_history
         (id, lease, scheduled_at, inserted_at, claimed_at, finished_at, state, attempt, max_attempts,
          priority, queue, worker, args, meta, tags, partition_key, errors, result)
  SELECT id, lease, scheduled_at, inserted_at, claimed_at, now(), state, attempt, max_attempts,
         priority, queue, worker, args, meta, tags, partition_key, errors, result
    FROM finished
),
resumed AS (
  UPDATE shigoto.jobs AS job
     SET state = run.state::shigoto.job_state,
         owner = NULL,
         scheduled_at = CASE WHEN run.due_in IS NULL THEN job.scheduled_at
                             ELSE now() + run.due_in * interval '1 millisecond' END,
         attempt = job.attempt - run.refund,
         errors = CASE WHEN run.error IS NULL THEN job.errors
                       ELSE shigoto.with_error(job.errors, run.error::jsonb) END
    FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::integer[], $6::text[])
           AS run (id, lease, state, due_in, refund, error)
   WHERE job.id = run.id
     AND job.lease = run.lease
     AND job.state = 'executing'
     AND run.state NOT IN ('completed', 'discarded', 'cancelled')
  RETURNING job.id
)
SELECT id FROM finished
UNION ALL
SELECT id FROM resumed
