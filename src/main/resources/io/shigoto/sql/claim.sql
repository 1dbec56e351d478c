-- Claims up to $5 jobs of a queue for a node, the best first: by priority, due time, id.
-- $1 queue  $2 workers  $3 allowances (how many of each worker at most)  $4 node  $5 limit  $6 how much they may weigh
-- $7 lowest priority
-- First looks without locks which workers the best jobs belong to, then locks exactly so many of each: rivals pass
-- over each other's rows. Only if they hold some of the best, what is missing is made up for with the next ones.
-- It takes no more of them than $6 allows, and always one: the first that is too much is the last. What a job weighs is
-- known when its row is locked, so the others of the limit are locked for nothing: who knows that jobs are heavy asks for few.
-- Returns the claimed jobs, their numbers in one text, because a driver reads one column much faster than eight: id, lease,
-- attempt, max_attempts, priority, and in microseconds since 1970 inserted_at, scheduled_at, claimed_at.
-- A node without a valid lease claims nothing, and nobody claims of a paused queue.
-- Jobs that are unique only until they are started give up their keys.
-- What is too heavy is weighed in a function, which is asked then: setting up the plan of this statement takes longer than
-- claiming one job. What it takes instead is not: a function that locks sees newer rows than the statement that asks it,
-- and would lock some that this one cannot take.
-- Locks: the rows taken, SKIP LOCKED; whose they are is settled by that, so the order of the update does not matter. Relies on: jobs_claim, nodes_pkey, queues_paused.
WITH wanted AS MATERIALIZED (
  SELECT worker, least(allowance, $5::integer) AS allowance
    FROM unnest($2::text[], $3::integer[]) AS allowed (worker, allowance)
   WHERE EXISTS (SELECT FROM shigoto.nodes WHERE id = $4::uuid AND lease_until > now())
     AND NOT EXISTS (SELECT FROM shigoto.queues WHERE name = $1 AND paused)
),
best AS MATERIALIZED (
  SELECT head.worker
    FROM wanted
   CROSS JOIN LATERAL (
      SELECT job.worker, job.priority, job.scheduled_at, job.id
        FROM shigoto.jobs AS job
       WHERE job.queue = $1
         AND job.worker = wanted.worker
         AND job.state = 'available'
         AND job.priority >= $7::smallint
       ORDER BY job.priority DESC, job.scheduled_at, job.id
       LIMIT wanted.allowance
    ) AS head
   WHERE cardinality($2::text[]) > 1
   ORDER BY head.priority DESC, head.scheduled_at, head.id
   LIMIT $5::integer
),
share AS MATERIALIZED (
  SELECT worker, count(*) AS size FROM best GROUP BY worker
  UNION ALL
  SELECT worker, allowance::bigint FROM wanted WHERE cardinality($2::text[]) = 1
),
taken AS MATERIALIZED (
  SELECT ready.id, share.worker, ready.priority, ready.scheduled_at, ready.weight
    FROM share
   CROSS JOIN LATERAL (
      SELECT job.id, job.priority, job.scheduled_at, shigoto.weight(job.args, job.meta) AS weight
        FROM shigoto.jobs AS job
       WHERE job.queue = $1
         AND job.worker = share.worker
         AND job.state = 'available'
         AND job.priority >= $7::smallint
       ORDER BY job.priority DESC, job.scheduled_at, job.id
       LIMIT share.size
         FOR UPDATE SKIP LOCKED
    ) AS ready
),
instead AS MATERIALIZED (
  SELECT next.id, next.priority, next.scheduled_at, next.weight
    FROM wanted
   CROSS JOIN LATERAL (
      SELECT job.id, job.priority, job.scheduled_at, shigoto.weight(job.args, job.meta) AS weight
        FROM shigoto.jobs AS job
       WHERE job.queue = $1
         AND job.worker = wanted.worker
         AND job.state = 'available'
         AND job.priority >= $7::smallint
         AND job.id NOT IN (SELECT id FROM taken)
       ORDER BY job.priority DESC, job.scheduled_at, job.id
       LIMIT least(wanted.allowance - (SELECT count(*) FROM taken WHERE taken.worker = wanted.worker),
                   $5::integer - (SELECT count(*) FROM taken))
         FOR UPDATE SKIP LOCKED
    ) AS next
   WHERE (SELECT count(*) FROM taken) < (SELECT count(*) FROM best)
   ORDER BY next.priority DESC, next.scheduled_at, next.id
   LIMIT $5::integer - (SELECT count(*) FROM taken)
),
locked AS MATERIALIZED (
  SELECT id, priority, scheduled_at, weight FROM taken
  UNION ALL
  SELECT id, priority, scheduled_at, weight FROM instead
),
load AS MATERIALIZED (
  SELECT sum(weight) > $6::bigint AS is_too_much FROM locked
)
UPDATE shigoto.jobs AS job
   SET state = 'executing',
       owner = $4::uuid,
       lease = job.lease + 1,
       attempt = job.attempt + 1,
       claimed_at = clock_timestamp()
 WHERE job.id = ANY (
         CASE WHEN (SELECT is_too_much FROM load)
           THEN (SELECT shigoto.first_of_weight(array_agg(id ORDER BY priority DESC, scheduled_at, id),
                                                array_agg(weight ORDER BY priority DESC, scheduled_at, id), $6::bigint)
                   FROM locked)
           ELSE ARRAY(SELECT id FROM locked)
         END)
RETURNING concat_ws(' ', job.id, job.lease, job.attempt, job.max_attempts, job.priority,
                    (date_part('epoch', job.inserted_at) * 1000000)::bigint,
                    (date_part('epoch', job.scheduled_at) * 1000000)::bigint,
                    (date_part('epoch', job.claimed_at) * 1000000)::bigint) AS numbers,
          job.worker, job.args::text AS args, job.meta::text AS meta, job.tags, job.partition_key, job.batch_id, job.depends_on,
          CASE WHEN NOT 'executing' = ANY (job.unique_states) THEN shigoto.give_up_key(job.unique_key, job.id) END AS gave_up_key,
          CASE WHEN (SELECT is_too_much FROM load) THEN true END AS too_much
