-- Looks at everything that could keep a job from being started. One statement: all of it at the same moment.
-- $1 id  $2 how many better jobs are counted at most, and looked at of each worker
-- Better are jobs of the same queue, by priority, due time and id, that some live node may start now: its worker, and
-- their partition keys. Those that share a limit with the job are better even if they may not.
-- Returns one row, also where there is no job. nodes are those that live, with what they told of themselves last.
-- A transaction that is not over and holds the job's row is found by what it left there: a lock, even one that is not
-- waited for and let go of at once, would make a claim pass over the job. An unfinished transaction's key is seen by
-- nobody, so it is tried for, if the job is due and could not take it.
-- Locks: none, but for that. Relies on: jobs_pkey, jobs_claim, jobs_limited, rates_pkey, dependencies_pkey, queues_pkey, job_history_id.
WITH job AS MATERIALIZED (
  SELECT id, state, queue, worker, priority, scheduled_at, attempt, begun, owner, claimed_at, cancelling, pending,
         partition_key, depends_on, unique_key, unique_until, unique_states, xmax AS held_by
    FROM shigoto.jobs
   WHERE id = $1::bigint
),
holder AS MATERIALIZED (
  SELECT 'JOB' AS held, held.pid
    FROM job
   CROSS JOIN LATERAL (
      SELECT job.held_by AS transaction
      UNION ALL
      SELECT member.xid
        FROM pg_get_multixact_members(
               CASE WHEN job.held_by <> '0'::xid
                     AND mxid_age(job.held_by) BETWEEN 1 AND (
                           SELECT mxid_age(datminmxid) FROM pg_database WHERE datname = current_database())
                    THEN job.held_by END) AS member
    ) AS perhaps
   CROSS JOIN LATERAL (
      SELECT lock.pid
        FROM pg_locks AS lock
       WHERE lock.locktype = 'transactionid'
         AND lock.transactionid = perhaps.transaction
         AND lock.granted
         AND perhaps.transaction <> '0'::xid
    ) AS held
   UNION ALL
  SELECT 'KEY', (
           SELECT min(lock.pid)
             FROM pg_locks AS lock
            WHERE lock.locktype = 'relation'
              AND lock.relation = 'shigoto.unique_keys'::regclass
              AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
              AND lock.mode = 'RowExclusiveLock'
              AND lock.granted
              AND lock.pid IS DISTINCT FROM pg_backend_pid() -- a prepared transaction has none
           HAVING count(*) = 1)
    FROM job
   WHERE CASE WHEN job.state IN ('scheduled', 'retryable')
               AND NOT job.state = ANY (job.unique_states)
               AND job.scheduled_at <= now() + interval '100 milliseconds'
              THEN shigoto.key_is_busy(
                     ROW(job.unique_key, job.id, job.unique_until, job.unique_states, NULL, NULL)::shigoto.unique_keys)
         END
),
live AS MATERIALIZED (
  SELECT node.id, node.name, node.workers, node.state, node.told_at,
         job.queue = ANY (node.queues) AND NOT node.stopping AS serves,
         job.worker = ANY (node.workers) AND NOT node.stopping AS knows,
         job.queue = ANY (node.queues) AND job.worker = ANY (node.workers) AND node.stopping AS stops
    FROM job
   CROSS JOIN shigoto.nodes AS node
   WHERE node.lease_until > now()
),
claimable AS MATERIALIZED (
  SELECT known.worker,
         bool_or(known.worker = job.worker OR coalesce(told.it -> 'names' ? job.worker, false)) AS own,
         bool_or(told.it ->> 'each' IS NOT NULL OR coalesce((told.it -> 'rate' ->> 'keyed')::boolean, false)) AS keyed,
         jsonb_agg(told.it) AS limits
    FROM job
   CROSS JOIN live
   CROSS JOIN LATERAL unnest(live.workers) AS known (worker)
   CROSS JOIN LATERAL (VALUES (live.state -> 'cluster' -> known.worker)) AS told (it)
   WHERE live.serves
     AND (known.worker = job.worker
          OR coalesce(told.it -> 'names' ? job.worker, false)
          OR NOT coalesce(live.state -> 'holds' ? known.worker, false)
         AND NOT EXISTS (
               SELECT FROM shigoto.rates AS pace
                WHERE pace.worker = known.worker
                  AND pace.rule = told.it -> 'rate' ->> 'rule'
                  AND NOT (told.it -> 'rate' ->> 'keyed')::boolean
                  AND pace.partition_key = ''
                  AND pace.free_at > now())
         AND NOT coalesce(
               (told.it ->> 'most')::integer <= (
                 SELECT count(*)
                   FROM shigoto.jobs AS run
                  WHERE run.worker = ANY (ARRAY(SELECT jsonb_array_elements_text(told.it -> 'names')))
                    AND run.limited
                    AND run.owner IS NOT NULL), false))
   GROUP BY known.worker
),
better AS MATERIALIZED (
  SELECT ahead.id
    FROM job
   CROSS JOIN claimable
   CROSS JOIN LATERAL (
      (SELECT other.id, other.partition_key
         FROM shigoto.jobs AS other
        WHERE other.queue = job.queue
          AND other.worker = claimable.worker
          AND other.state = 'available'
          AND other.priority > job.priority
        ORDER BY other.priority DESC, other.scheduled_at, other.id
        LIMIT $2::integer)
      UNION ALL
      (SELECT other.id, other.partition_key
         FROM shigoto.jobs AS other
        WHERE other.queue = job.queue
          AND other.worker = claimable.worker
          AND other.state = 'available'
          AND other.priority = job.priority
          AND (other.scheduled_at, other.id) < (job.scheduled_at, job.id)
        ORDER BY other.priority DESC, other.scheduled_at, other.id
        LIMIT $2::integer)
    ) AS ahead
   WHERE job.state = 'available'
     AND (NOT claimable.keyed
          OR claimable.own AND ahead.partition_key IS NOT DISTINCT FROM job.partition_key
          OR EXISTS (
               SELECT FROM jsonb_array_elements(claimable.limits) AS told (it)
                WHERE NOT EXISTS (
                        SELECT FROM shigoto.rates AS pace
                         WHERE pace.worker = claimable.worker
                           AND pace.rule = told.it -> 'rate' ->> 'rule'
                           AND (told.it -> 'rate' ->> 'keyed')::boolean
                           AND pace.partition_key = coalesce(ahead.partition_key, '')
                           AND pace.free_at > now())
                  AND NOT coalesce(
                        (told.it ->> 'each')::integer <= CASE WHEN told.it ->> 'each' IS NOT NULL THEN (
                          SELECT count(*)
                            FROM shigoto.jobs AS run
                           WHERE run.worker = ANY (ARRAY(SELECT jsonb_array_elements_text(told.it -> 'names')))
                             AND run.partition_key = ahead.partition_key
                             AND run.limited
                             AND run.owner IS NOT NULL) END, false)))
   LIMIT $2::integer
),
rule AS MATERIALIZED (
  SELECT ARRAY(SELECT jsonb_array_elements_text(told.it -> 'names')) AS names,
         (told.it ->> 'most')::integer AS most,
         (told.it ->> 'each')::integer AS each
    FROM (
      SELECT live.state -> 'cluster' -> job.worker AS it
        FROM job
       CROSS JOIN live
       WHERE live.knows
         AND job.state = 'available'
         AND live.state -> 'cluster' ? job.worker
       LIMIT 1
    ) AS told
),
pace AS MATERIALIZED (
  SELECT live.id, rule.keyed, noted.free_at
    FROM job
   CROSS JOIN live
   CROSS JOIN LATERAL (
      SELECT told.it ->> 'rule' AS rule, (told.it ->> 'keyed')::boolean AS keyed
        FROM (VALUES (live.state -> 'cluster' -> job.worker -> 'rate')) AS told (it)
    ) AS rule
    LEFT JOIN shigoto.rates AS noted
      ON noted.worker = job.worker
     AND noted.rule = rule.rule
     AND noted.partition_key = CASE WHEN rule.keyed THEN coalesce(job.partition_key, '') ELSE '' END
     AND noted.free_at > now()
   WHERE live.serves
     AND live.knows
     AND job.state = 'available'
     AND rule.rule IS NOT NULL
)
SELECT job.state::text AS state, job.queue, job.worker, job.priority::integer AS priority, job.scheduled_at, job.attempt, job.begun IS TRUE AS begun, job.claimed_at,
       job.cancelling IS NOT NULL AS cancelling, job.partition_key, now() AS looked_at,
       job.owner::text AS owner,
       (SELECT name FROM shigoto.nodes WHERE id = job.owner) AS owner_name,
       EXISTS (SELECT FROM shigoto.nodes WHERE id = job.owner AND lease_until > now()) AS owner_lives,
       ARRAY(
         SELECT parent.id
           FROM unnest(job.depends_on) AS parent (id)
          WHERE job.state = 'waiting'
            AND EXISTS (SELECT FROM shigoto.dependencies WHERE parent_id = parent.id AND child_id = job.id)
            AND EXISTS (SELECT FROM shigoto.jobs AS live WHERE live.id = parent.id)
          LIMIT 10) AS parents,
       job.pending - (
         SELECT count(*)
           FROM unnest(job.depends_on) AS parent (id)
          WHERE job.state = 'waiting'
            AND EXISTS (SELECT FROM shigoto.dependencies WHERE parent_id = parent.id AND child_id = job.id)
            AND NOT EXISTS (SELECT FROM shigoto.jobs AS live WHERE live.id = parent.id)) AS waits_for,
       held.held, held.pid, held.application_name, held.xact_start,
       EXISTS (SELECT FROM shigoto.queues WHERE name = job.queue AND paused) AS paused,
       (SELECT count(*) FROM better) AS ahead,
       (SELECT most FROM rule) AS most,
       (SELECT each FROM rule) AS each,
       (SELECT count(*)
          FROM rule
         CROSS JOIN shigoto.jobs AS run
         WHERE run.worker = ANY (rule.names)
           AND run.limited
           AND run.owner IS NOT NULL) AS running,
       (SELECT count(*)
          FROM rule
         CROSS JOIN shigoto.jobs AS run
         WHERE rule.each IS NOT NULL
           AND run.worker = ANY (rule.names)
           AND run.partition_key = job.partition_key
           AND run.limited
           AND run.owner IS NOT NULL) AS running_of_key,
       (SELECT CASE WHEN bool_and(free_at IS NOT NULL) THEN min(free_at) END FROM pace) AS paced_until,
       (SELECT bool_or(keyed) FROM pace) AS keyed,
       (SELECT jsonb_agg(jsonb_build_object(
                 'id', live.id, 'name', live.name, 'serves', live.serves, 'knows', live.knows,
                 'stops', live.stops,
                 'told_at', date_part('epoch', live.told_at) * 1000,
                 'slots', live.state -> 'slots', 'queue', live.state -> 'queues' -> job.queue,
                 'holds', live.state -> 'holds' -> job.worker)
                 ORDER BY live.name, live.id)
          FROM live)::text AS nodes,
       ended.state::text AS ended, ended.finished_at
  FROM (VALUES (1)) AS one
  LEFT JOIN job ON true
  LEFT JOIN LATERAL (
     SELECT past.state, past.finished_at
       FROM shigoto.job_history AS past
      WHERE past.id = $1::bigint
      ORDER BY past.finished_at DESC
      LIMIT 1
   ) AS ended ON job.id IS NULL
  LEFT JOIN LATERAL (
     SELECT holder.held, holder.pid, activity.application_name, activity.xact_start
       FROM holder
       LEFT JOIN pg_stat_activity AS activity ON activity.pid = holder.pid
      ORDER BY holder.held DESC
      LIMIT 1
   ) AS held ON true
