-- Calls jobs off: those that do not run end as cancelled at once, the nodes of those that run are to end their runs.
-- $1 ids (ascending)  $2 only those in these states (NULL: in any)
-- Waits for nobody for long, and so is in nobody's way: what others hold locked is left to another look.
-- Returns a row for each job that was found: 'cancelled', 'running', or 'locked'. And a row without an id, if there is
-- something more to tell the nodes after the commit.
-- Locks: the rows, in id order, SKIP LOCKED; then as jobs_ended does.
-- Relies on: jobs_pkey, dependencies_pkey, unique_keys_pkey, batches_pkey.
WITH found AS MATERIALIZED (
  SELECT id, state
    FROM set_config('lock_timeout', '100ms', true), shigoto.jobs
   WHERE id = ANY ($1::bigint[])
     AND ($2::text[] IS NULL OR state::text = ANY ($2::text[]))
   ORDER BY id
     FOR UPDATE OF jobs SKIP LOCKED
),
cancelled AS (
  DELETE FROM shigoto.jobs
   WHERE id = ANY (ARRAY(SELECT id FROM found WHERE state <> 'executing' ORDER BY id))
  RETURNING *
),
archived AS (
  INSERT INTO shigoto.job_history
         (id, lease, scheduled_at, inserted_at, claimed_at, finished_at, state, attempt, max_attempts,
          priority, queue, worker, args, meta, tags, partition_key, errors,
          progress, batch_id, unique_key, unique_until, unique_states, depends_on, if_not_completed)
  SELECT id, lease, scheduled_at, inserted_at, claimed_at, now(), 'cancelled', attempt, max_attempts,
         priority, queue, worker, args, meta, tags, partition_key, errors,
         progress, batch_id, unique_key, unique_until, unique_states, depends_on, if_not_completed
    FROM cancelled
),
called_off AS (
  UPDATE shigoto.jobs
     SET cancelling = owner
   WHERE id = ANY (ARRAY(SELECT id FROM found WHERE state = 'executing' ORDER BY id))
  RETURNING id, queue, worker, owner
),
followed AS MATERIALIZED (
  SELECT shigoto.jobs_ended(
           array_agg(ROW(id, 'cancelled', batch_id, unique_key, watched)::shigoto.ended_job ORDER BY id),
           false) AS told
    FROM cancelled
   WHERE watched OR batch_id IS NOT NULL OR unique_key IS NOT NULL
  HAVING count(*) > 0
)
SELECT id, 'cancelled' AS outcome, queue, worker, NULL::text AS detail, NULL::text[] AS told FROM cancelled
UNION ALL
SELECT id, 'running', queue, worker, NULL, ARRAY['c' || owner] FROM called_off
UNION ALL
SELECT id, 'locked', queue, worker, NULL, NULL
  FROM shigoto.jobs
 WHERE id = ANY ($1::bigint[])
   AND ($2::text[] IS NULL OR state::text = ANY ($2::text[]))
   AND id IS DISTINCT FROM
       (ARRAY(SELECT id FROM found ORDER BY id))[width_bucket(id, ARRAY(SELECT id FROM found ORDER BY id))]
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, told FROM followed
