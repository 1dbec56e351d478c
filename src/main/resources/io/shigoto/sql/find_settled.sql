-- Tells which settlements of a group stand in the tables, after a try whose answer was lost.
-- $1 ids  $2 leases  $3 target states
-- One that was written and then moved on to another claim is not found. One that was to come back, and ended under the
-- same lease, was written.
-- Returns their ids, and 'called_off' if the job is cancelled in place of what was to be written.
-- Locks: none. Relies on: job_history_id in each partition, jobs_pkey.
SELECT run.id, CASE WHEN found.called_off THEN 'called_off' END AS instead
  FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS run (id, lease, state)
 CROSS JOIN LATERAL (
     SELECT job.state = 'cancelled' AND run.state <> 'cancelled' AS called_off
       FROM shigoto.job_history AS job
      WHERE job.id = run.id
        AND job.lease = run.lease
        AND (job.state = run.state::shigoto.job_state
          OR (job.state = 'cancelled' AND run.state <> 'completed')
          OR run.state NOT IN ('completed', 'discarded', 'cancelled'))
      UNION ALL
     SELECT false
       FROM shigoto.jobs AS job
      WHERE job.id = run.id
        AND job.lease = run.lease
        AND job.state <> 'executing'
        AND run.state NOT IN ('completed', 'discarded', 'cancelled')
  ) AS found
