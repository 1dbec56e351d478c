-- Finds a page of jobs, live and ended together, the newest first.
-- The filter, of which only what is not NULL has to hold:
-- $1 workers  $2 queues  $3 states  $4 tags, all of them  $5 tags, one of them  $6 contained in the args (JSON)
-- $7 partition keys  $8 batch  $9 ids  $10 inserted from  $11 inserted before  $12 finished from  $13 finished before
-- $14 only ids below  $15 how many jobs at most  $16 how many are looked at, at most
-- Returns the jobs, and a row with nothing but behind, if there may be more: the id behind which they are.
-- Locks: none. Relies on: jobs_pkey, jobs_batch, and job_history_id, job_history_failed, job_history_batch in each
-- partition.
SELECT (found.job).id, (found.job).state::text AS state, (found.job).queue, (found.job).worker,
       (found.job).args::text AS args, (found.job).meta::text AS meta, (found.job).tags, (found.job).priority,
       (found.job).attempt, (found.job).max_attempts, (found.job).partition_key, (found.job).inserted_at,
       (found.job).scheduled_at, (found.job).claimed_at, (found.job).finished_at, (found.job).owner,
       (found.job).errors::text AS errors, (found.job).result::text AS result, (found.job).progress,
       (found.job).batch_id, (found.job).depends_on, found.behind
  FROM shigoto.search_jobs(
         ROW($1::text[], $2::text[], $3::text[]::shigoto.job_state[], $4::text[], $5::text[], $6::text::jsonb, $7::text[],
             $8::bigint, $9::bigint[], $10::timestamptz, $11::timestamptz, $12::timestamptz, $13::timestamptz
         )::shigoto.job_filter,
         $14::bigint, $15::integer, $16::integer) AS found
