-- Finds the ids of jobs that a filter means, live and ended together.
-- The filter, of which only what is not NULL has to hold:
-- $1 workers  $2 queues  $3 states  $4 tags, all of them  $5 tags, one of them  $6 contained in the args (JSON)
-- $7 partition keys  $8 batch  $9 ids  $10 inserted from  $11 inserted before  $12 finished from  $13 finished before
-- $14 only ids above  $15 and below  $16 in which order: ASC or DESC  $17 how many at most
-- $18 how many jobs are looked at, at most
-- Returns one row: the ids, in that order, and how far it has looked; NULL if there is nothing more to look at.
-- Locks: none. Relies on: jobs_pkey, jobs_batch, and job_history_id, job_history_failed, job_history_batch in each
-- partition.
SELECT found.ids, found.walked
  FROM shigoto.match_jobs(
         ROW($1::text[], $2::text[], $3::text[]::shigoto.job_state[], $4::text[], $5::text[], $6::text::jsonb, $7::text[],
             $8::bigint, $9::bigint[], $10::timestamptz, $11::timestamptz, $12::timestamptz, $13::timestamptz
         )::shigoto.job_filter,
         $14::bigint, $15::bigint, $16::text, $17::integer, $18::integer) AS found
