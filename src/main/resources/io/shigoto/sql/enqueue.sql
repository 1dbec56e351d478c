-- Inserts a group of jobs, in the order of the arrays.
-- $1 notify ('on' wakes the nodes at commit, 'now' too and says that this is the commit, 'off' leaves it to the caller)
-- $2 queues  $3 workers  $4 args (JSON)  $5 priorities  $6 max attempts
-- $7 due at (timestamps, NULL: now)  $8 due in (ms, NULL: now)  $9 meta (JSON, NULL)  $10 tags (JSON arrays, NULL)
-- $11 partition keys (NULL)  $12 the places, from 1, of those for whose end somebody waits
-- An array of which all is NULL may be empty: the longest of them says how many jobs there are.
-- Returns one row per job in that order: its id and in how many ms it is due (0: now).
-- Locks: none but its own new rows. Relies on: the identity sequence, which follows the order of the SELECT.
INSERT INTO shigoto.jobs (queue, worker, args, priority, max_attempts, scheduled_at, meta, tags, partition_key,
                          watched)
SELECT job.queue,
       job.worker,
       job.args::jsonb,
       job.priority,
       job.max_attempts,
       coalesce(job.due_at::timestamptz, now() + job.due_in * interval '1 millisecond', now()),
       job.meta::jsonb,
       CASE WHEN job.tags IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(job.tags::jsonb)) END,
       job.partition_key,
       CASE WHEN job.n = ANY ($12::bigint[]) THEN true END
  FROM set_config('shigoto.notify', $1, true),
       unnest($2::text[], $3::text[], $4::text[], $5::smallint[], $6::integer[],
              $7::text[], $8::bigint[], $9::text[], $10::text[], $11::text[])
         WITH ORDINALITY
         AS job (queue, worker, args, priority, max_attempts, due_at, due_in, meta, tags, partition_key, n)
 ORDER BY job.n
RETURNING id, CASE state WHEN 'scheduled'
                THEN ceil(extract(epoch FROM scheduled_at - clock_timestamp()) * 1000)::bigint
                ELSE 0 END AS due_in
