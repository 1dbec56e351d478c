-- Tells which settlements of a group stand in the tables, after a try whose answer was lost.
-- $1 ids  $2 leases  $3 target states
-- One that was written and then moved on to another claim is not found.
-- Returns their ids, and whether the job is cancelled in place of what was to be written: it was called off.
-- Locks: none. Relies on: job_history_id in each partition, jobs_pkey.
SELECT run.id, found.called_off
  FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS run (id, lease, state)
 CROSS JOIN LATERAL (
     SELECT job.state <> run.state::shigoto.job_state AS called_off
       FROM shigoto.job_history AS job
      WHERE job.id = run.id
        AND job.lease = run.lease
        AND (job.state = run.state::shigoto.job_state
             OR (job.state = 'cancelled' AND run.state <> 'completed'))
      UNION ALL
     SELECT false
       FROM shigoto.jobs AS job
      WHERE job.id = run.id
        AND job.lease = run.lease
        AND job.state <> 'executing'
        AND run.state NOT IN ('completed', 'discarded', 'cancelled')
  ) AS found
