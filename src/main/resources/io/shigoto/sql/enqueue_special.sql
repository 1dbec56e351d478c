-- Inserts a group of jobs that have something special about them, in the order of the arrays, or answers why not.
-- $1 whether the transaction is the caller's: its commit wakes the nodes
-- $2 queues  $3 workers  $4 args (JSON)  $5 priorities  $6 max attempts
-- $7 due at (timestamps, NULL: now)  $8 due in (ms, NULL: now)  $9 meta (JSON, NULL)  $10 tags (JSON arrays, NULL)
-- $11 partition keys (NULL)  $12 unique keys (NULL)  $13 periods of these (ms, NULL: without end)
-- $14 the states in which they hold (array literals, NULL: all that are not terminal)
-- $15 what the one that holds the key takes over (array literals, NULL)  $16 how long it then waits (ms, NULL)
-- $17 batches (NULL)  $18 the jobs that it waits for (array literals, ascending, each once; NULL)
-- $19 what becomes of it if one of those does not complete ('cancelled', 'discarded', NULL: it runs)
-- An array of which all is NULL may be empty: the longest of them says how many jobs there are.
-- Returns one row per job, in any order, with its place from 1; and perhaps messages, without a place.
-- Locks: the batches, against being sealed; the keys, in their order; then jobs that take something over, by id. Relies on: unique_keys_pkey, jobs_pkey,
-- batches_pkey, job_history_id in each partition.
SELECT place, id, due_in, outcome, changes
  FROM shigoto.enqueue_special(
         ARRAY(
           SELECT ROW(job.queue,
                      job.worker,
                      job.args::jsonb,
                      job.priority,
                      job.max_attempts,
                      coalesce(job.due_at::timestamptz, now() + job.due_in * interval '1 millisecond', now()),
                      job.meta::jsonb,
                      CASE WHEN job.tags IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(job.tags::jsonb)) END,
                      job.partition_key,
                      job.unique_key::uuid,
                      now() + job.period * interval '1 millisecond',
                      job.states::shigoto.job_state[],
                      job.replaces::text[],
                      job.debounce * interval '1 millisecond',
                      job.batch_id,
                      job.depends_on::bigint[],
                      job.if_not_completed::shigoto.job_state)::shigoto.new_job
             FROM unnest($2::text[], $3::text[], $4::text[], $5::smallint[], $6::integer[],
                         $7::text[], $8::bigint[], $9::text[], $10::text[], $11::text[],
                         $12::text[], $13::bigint[], $14::text[], $15::text[], $16::bigint[],
                         $17::bigint[], $18::text[], $19::text[])
                    WITH ORDINALITY
                    AS job (queue, worker, args, priority, max_attempts, due_at, due_in, meta, tags, partition_key,
                            unique_key, period, states, replaces, debounce, batch_id, depends_on, if_not_completed, n)
            ORDER BY job.n),
         $1::boolean)
