-- Jobs that wait for others: they move on in the transaction that ends those.

-- Who waits for whose end. A job that waits has as many rows here as its column pending says: a row goes in the
-- transaction that lowers the number.
CREATE TABLE shigoto.dependencies (
  parent_id bigint,
  child_id  bigint,
  PRIMARY KEY (parent_id, child_id)
) WITH (
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);

-- Who has waited in vain for whom, and waits on for others: if the job that failed lives again, it is waited for again.
CREATE TABLE shigoto.failed_parents (
  parent_id bigint,
  child_id  bigint,
  PRIMARY KEY (parent_id, child_id)
);

-- Jobs to be looked at, because somebody began to wait for their end, or because they ended in a transaction that was
-- not ours. Whoever inserts a job that waits leaves them here and locks nothing: the jobs it waits for are marked as
-- watched, or found to have ended, in a transaction of ours after that commit.
CREATE TABLE shigoto.loose_ends (
  id        bigint GENERATED ALWAYS AS IDENTITY,
  parent_id bigint NOT NULL,
  PRIMARY KEY (parent_id, id)
) WITH (
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);

-- Jobs that were discarded, and whose workers are to be told of it by a node that knows them: whoever discarded them may
-- not. The node that takes a row away tells.
CREATE TABLE shigoto.untold_discards (
  id           bigint NOT NULL,
  lease        bigint NOT NULL,
  queue        text NOT NULL,
  worker       text NOT NULL,
  attempt      integer NOT NULL,
  max_attempts integer NOT NULL,
  discarded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (id, lease)
);

CREATE INDEX untold_discards_worker ON shigoto.untold_discards (worker, id);
CREATE INDEX untold_discards_at ON shigoto.untold_discards (discarded_at);

-- Jobs ended, ascending: those that wait for the ones that were watched have less to wait for. Who does not want to run
-- without its parent ends here and is given back: what follows from its end is the caller's to see to.
-- A job that others hold is waited for as long as lock_timeout says. Then those that nobody holds move on, and for the
-- others loose ends are left: so many.
-- Locks: the jobs that wait, in the order of their ids; or SKIP LOCKED.
CREATE FUNCTION shigoto.release_children(
  ended shigoto.ended_job[], OUT dropped shigoto.ended_job[], OUT told text[], OUT left_over bigint)
LANGUAGE plpgsql AS $$
DECLARE
  parents CONSTANT bigint[] := ARRAY(SELECT job.id FROM unnest(ended) AS job WHERE job.watched ORDER BY job.id);
  held    bigint[];
  moved   record;
BEGIN
  dropped := '{}';
  told := '{}';
  left_over := 0;
  IF parents = '{}' THEN
    RETURN;
  END IF;
  BEGIN
    moved := shigoto.move_children(ended, '{}');
    dropped := moved.dropped;
    told := moved.told;
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    held := (shigoto.hold_children(ARRAY(
      SELECT DISTINCT child_id FROM shigoto.dependencies WHERE parent_id = ANY (parents) ORDER BY child_id))).held;
    BEGIN
      moved := shigoto.move_children(ended, held);
      dropped := moved.dropped;
      told := moved.told;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      held := NULL;
    END;
    INSERT INTO shigoto.loose_ends (parent_id)
    SELECT DISTINCT parent_id
      FROM shigoto.dependencies
     WHERE parent_id = ANY (parents)
       AND (held IS NULL OR held[width_bucket(child_id, held)] = child_id)
     ORDER BY parent_id;
    GET DIAGNOSTICS left_over = ROW_COUNT;
  END;
END $$;

-- Locks those of these jobs that wait, but for the ones that others hold. Returns both.
CREATE FUNCTION shigoto.hold_children(children bigint[], OUT free bigint[], OUT held bigint[]) LANGUAGE plpgsql AS $$
BEGIN
  free := ARRAY(
    SELECT id
      FROM shigoto.jobs
     WHERE id = ANY (children)
       AND state = 'waiting'
     ORDER BY id
       FOR UPDATE SKIP LOCKED);
  held := ARRAY(
    SELECT id
      FROM shigoto.jobs
     WHERE id = ANY (children)
       AND state = 'waiting'
       AND free[width_bucket(id, free)] IS DISTINCT FROM id
     ORDER BY id);
END $$;

-- Those that wait for jobs that ended move on, but for the ones that are held. Who waits for nothing any more is due at
-- its own time, or now.
CREATE FUNCTION shigoto.move_children(
  ended shigoto.ended_job[], held bigint[], OUT dropped shigoto.ended_job[], OUT told text[])
LANGUAGE plpgsql AS $$
DECLARE
  parents  bigint[];
  endings  text[];
  children bigint[];
  parts    integer[];
  causes   bigint[];
BEGIN
  dropped := '{}';
  told := '{}';
  SELECT array_agg(job.id), array_agg(job.state) INTO parents, endings FROM unnest(ended) AS job WHERE job.watched;
  WITH edge AS (
    DELETE FROM shigoto.dependencies
     WHERE parent_id = ANY (parents)
       AND held[width_bucket(child_id, held)] IS DISTINCT FROM child_id
    RETURNING parent_id, child_id
  )
  SELECT array_agg(child_id ORDER BY child_id), array_agg(part ORDER BY child_id), array_agg(cause ORDER BY child_id)
    INTO children, parts, causes
    FROM (SELECT child_id,
                 count(*) AS part,
                 min(parent_id) FILTER (WHERE endings[width_bucket(parent_id, parents)] <> 'completed') AS cause
            FROM edge
           GROUP BY child_id) AS child;
  IF children IS NULL THEN
    RETURN;
  END IF;
  PERFORM FROM shigoto.jobs WHERE id = ANY (children) AND state = 'waiting' ORDER BY id FOR UPDATE;

  IF EXISTS (SELECT FROM unnest(causes) AS cause WHERE cause IS NOT NULL) THEN
    WITH gone AS (
      DELETE FROM shigoto.jobs AS job
       WHERE job.id = ANY (children)
         AND job.state = 'waiting'
         AND job.if_not_completed IS NOT NULL
         AND causes[width_bucket(job.id, children)] IS NOT NULL
      RETURNING job.*, job AS was, causes[width_bucket(job.id, children)] AS cause
    ),
    archived AS (
      INSERT INTO shigoto.job_history
             (id, lease, scheduled_at, inserted_at, claimed_at, finished_at, state, attempt, max_attempts,
              priority, queue, worker, args, meta, tags, partition_key, errors,
              progress, batch_id, unique_key, unique_until, unique_states, depends_on, if_not_completed)
      SELECT id, lease, scheduled_at, inserted_at, claimed_at, now(), if_not_completed, attempt, max_attempts,
             priority, queue, worker, args, meta, tags, partition_key,
             shigoto.with_error(errors, jsonb_build_object(
               'attempt', attempt, 'node', '', 'type', 'dependency', 'stack', '',
               'message', format('job %s, which this one depends on, was %s',
                                 cause, endings[width_bucket(cause, parents)]))),
             progress, batch_id, unique_key, unique_until, unique_states, depends_on, if_not_completed
        FROM gone
    ),
    untold AS (
      INSERT INTO shigoto.untold_discards (id, lease, queue, worker, attempt, max_attempts)
      SELECT id, lease, queue, worker, attempt, max_attempts FROM gone WHERE if_not_completed = 'discarded' ORDER BY id
      RETURNING id
    )
    SELECT coalesce(array_agg(ROW(id, if_not_completed, batch_id, unique_key, watched)::shigoto.ended_job ORDER BY id), '{}'),
           coalesce(array_agg(shigoto.aftermath(if_not_completed::text, was, 0, 'dependency')), '{}')
             || CASE WHEN EXISTS (SELECT FROM untold) THEN ARRAY['d0'] ELSE '{}' END
      INTO dropped, told
      FROM gone;
    INSERT INTO shigoto.failed_parents (parent_id, child_id)
    SELECT parent, job.id
      FROM shigoto.jobs AS job
     CROSS JOIN unnest(job.depends_on) AS parent
     WHERE job.id = ANY (children)
       AND job.state = 'waiting'
       AND job.pending > parts[width_bucket(job.id, children)]
       AND causes[width_bucket(job.id, children)] IS NOT NULL
       AND parents[width_bucket(parent, parents)] = parent
       AND endings[width_bucket(parent, parents)] <> 'completed'
     ORDER BY parent, job.id
        ON CONFLICT DO NOTHING;
  END IF;

  WITH moved AS (
    UPDATE shigoto.jobs AS job
       SET pending = nullif(job.pending - parts[width_bucket(job.id, children)], 0),
           state = CASE WHEN job.pending > parts[width_bucket(job.id, children)] THEN 'waiting'
                        -- It takes its key only when it is available: whoever promotes it sees to that.
                        WHEN job.scheduled_at > now() OR NOT 'waiting' = ANY (job.unique_states) THEN 'scheduled'
                        ELSE 'available' END::shigoto.job_state,
           scheduled_at = CASE WHEN job.pending > parts[width_bucket(job.id, children)] THEN job.scheduled_at
                               ELSE greatest(job.scheduled_at, now()) END
     WHERE job.id = ANY (children)
       AND job.state = 'waiting'
    RETURNING job.state, job.queue, job.scheduled_at
  )
  SELECT told || coalesce(array_agg(message), '{}') INTO told
    FROM (SELECT DISTINCT 'q' || queue AS message FROM moved WHERE state = 'available'
          UNION ALL
          SELECT 'd' || shigoto.ms_until(min(scheduled_at)) FROM moved WHERE state = 'scheduled' HAVING count(*) > 0
         ) AS message;
END $$;

-- Jobs that had ended live again, ascending: they wait once more, for those of the jobs they depend on that live, for
-- those that are just being retried, and for those whose end nobody has followed yet. As after an insert, a node looks
-- at all these after the commit; so it does not matter when they end.
-- An edge may still be there from the earlier life. It is written all the same: so it is not taken away, with the job
-- not yet to be seen, by an end that commits before this.
-- Locks: those of the parents that have ended, SKIP LOCKED, against a retry that would not see who waits; then the edges,
-- in their order. The jobs are the caller's own.
CREATE FUNCTION shigoto.wait_again(children bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  parents CONSTANT bigint[] := ARRAY(
    SELECT DISTINCT parent
      FROM shigoto.jobs AS job
     CROSS JOIN unnest(job.depends_on) AS parent
     WHERE job.id = ANY (children)
     ORDER BY parent);
  ended   CONSTANT bigint[] := ARRAY(
    SELECT id FROM shigoto.job_history WHERE id = ANY (parents) ORDER BY id FOR KEY SHARE SKIP LOCKED);
  waiting bigint[];
  parts   integer[];
BEGIN
  WITH edge AS (
    INSERT INTO shigoto.dependencies AS known (parent_id, child_id)
    SELECT DISTINCT parent, job.id
      FROM shigoto.jobs AS job
     CROSS JOIN unnest(job.depends_on) AS parent
     WHERE job.id = ANY (children)
       AND parent <> job.id
       AND ((SELECT live.id FROM shigoto.jobs AS live WHERE live.id = parent LIMIT 1) IS NOT NULL
            OR (ended[width_bucket(parent, ended)] IS DISTINCT FROM parent
                AND (SELECT over.id FROM shigoto.job_history AS over WHERE over.id = parent LIMIT 1) IS NOT NULL)
            OR (SELECT left_over.child_id
                  FROM shigoto.dependencies AS left_over
                 WHERE left_over.parent_id = parent AND left_over.child_id = job.id
                 LIMIT 1) IS NOT NULL)
     ORDER BY parent, job.id
        ON CONFLICT (parent_id, child_id) DO UPDATE SET child_id = known.child_id
    RETURNING known.parent_id, known.child_id
  ),
  loose AS (
    INSERT INTO shigoto.loose_ends (parent_id) SELECT DISTINCT parent_id FROM edge ORDER BY parent_id
  )
  SELECT array_agg(child_id ORDER BY child_id), array_agg(part ORDER BY child_id)
    INTO waiting, parts
    FROM (SELECT child_id, count(*) AS part FROM edge GROUP BY child_id) AS child;
  IF waiting IS NULL THEN
    RETURN;
  END IF;
  UPDATE shigoto.jobs AS job
     SET state = 'waiting',
         pending = parts[width_bucket(job.id, waiting)]
   WHERE job.id = ANY (waiting);
  PERFORM shigoto.give_up_key(unique_key, id)
     FROM shigoto.jobs
    WHERE id = ANY (waiting)
      AND NOT 'waiting' = ANY (unique_states);
  -- Those that have ended may be retried too.
  INSERT INTO shigoto.failed_parents (parent_id, child_id)
  SELECT parent, job.id
    FROM shigoto.jobs AS job
   CROSS JOIN unnest(job.depends_on) AS parent
   WHERE job.id = ANY (waiting)
     AND parent <> job.id
     AND NOT EXISTS (SELECT FROM shigoto.dependencies WHERE parent_id = parent AND child_id = job.id)
   ORDER BY parent, job.id
      ON CONFLICT DO NOTHING;
END $$;

-- Locks who still waits for others, of those that have waited for these jobs in vain.
-- Returns them, ascending; and for which of the jobs that cannot be done now, because others hold who would wait for it.
CREATE FUNCTION shigoto.hold_those_in_vain(parents bigint[], OUT children bigint[], OUT held bigint[]) LANGUAGE plpgsql AS $$
DECLARE
  found record;
BEGIN
  found := shigoto.hold_children(ARRAY(
    SELECT DISTINCT child_id FROM shigoto.failed_parents WHERE parent_id = ANY (parents) ORDER BY child_id));
  children := found.free;
  held := CASE WHEN found.held = '{}' THEN '{}'::bigint[] ELSE ARRAY(
    SELECT DISTINCT parent_id
      FROM shigoto.failed_parents
     WHERE parent_id = ANY (parents)
       AND child_id = ANY (found.held)
     ORDER BY parent_id) END;
END $$;

-- Jobs that had failed live again: those that have waited for them in vain, and wait on for others, wait for them once
-- more.
-- children: the caller has locked them, and they wait. Nobody else comes to wait for these jobs, or ceases to, while
-- their rows in the history are locked.
-- Locks: the edges, in their order.
CREATE FUNCTION shigoto.be_waited_for_again(parents bigint[], children bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  waiting bigint[];
  parts   integer[];
BEGIN
  WITH failed AS MATERIALIZED (
    SELECT parent_id, child_id
      FROM shigoto.failed_parents
     WHERE parent_id = ANY (parents)
       AND children[width_bucket(child_id, children)] = child_id
  ),
  edge AS (
    INSERT INTO shigoto.dependencies (parent_id, child_id)
    SELECT parent_id, child_id FROM failed ORDER BY parent_id, child_id
        ON CONFLICT DO NOTHING
    RETURNING parent_id, child_id
  ),
  -- Of others nothing is known: they may begin to wait.
  forgotten AS (
    DELETE FROM shigoto.failed_parents
     WHERE (parent_id, child_id) IN (SELECT failed.parent_id, failed.child_id FROM failed)
  )
  SELECT array_agg(child_id ORDER BY child_id), array_agg(part ORDER BY child_id)
    INTO waiting, parts
    FROM (SELECT child_id, count(*) AS part FROM edge GROUP BY child_id) AS child;
  IF waiting IS NULL THEN
    RETURN;
  END IF;
  UPDATE shigoto.jobs AS job
     SET pending = job.pending + parts[width_bucket(job.id, waiting)]
   WHERE job.id = ANY (waiting);
  UPDATE shigoto.jobs AS job
     SET watched = true
   WHERE job.id = ANY (parents)
     AND EXISTS (SELECT FROM shigoto.dependencies WHERE parent_id = job.id);
END $$;

-- A message for the node alone that sees to it: something happened to a job, of which nobody else tells.
CREATE FUNCTION shigoto.aftermath(kind text, job shigoto.jobs, count bigint, detail text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT format('e%s %s %s %s %s %s %s %s%s', kind, job.id, job.attempt, job.max_attempts, count, detail,
                length(job.queue), job.queue, job.worker)
$$;

-- Looks at loose ends whose jobs have ended, of those behind one job and up to another: those that wait for them move on.
-- A job that is just being retried, or deleted, is left for the next look.
-- Returns whether loose ends are left of these, for whatever reason: somebody may hold the job, or who waits for it. And
-- what the nodes are to be told after the commit.
-- Locks: the jobs in the history, SKIP LOCKED, against a retry that would not see who waits; the loose ends, SKIP LOCKED;
-- then as follow_ends does.
CREATE FUNCTION shigoto.follow_loose_ends(behind bigint, up_to bigint, OUT some_are_left boolean, OUT told text[])
LANGUAGE plpgsql AS $$
DECLARE
  ended    shigoto.ended_job[];
  followed record;
BEGIN
  told := '{}';
  -- One statement, so that a job that moves between the tables at this moment is seen in one of them. One that is in
  -- neither was deleted: nobody knows whether it had completed, so it has not.
  WITH RECURSIVE parent AS (
    (SELECT parent_id AS id
       FROM shigoto.loose_ends
      WHERE parent_id > behind
        AND parent_id <= up_to
      ORDER BY parent_id
      LIMIT 1)
     UNION ALL
    SELECT (SELECT parent_id
              FROM shigoto.loose_ends
             WHERE parent_id > parent.id
               AND parent_id <= up_to
             ORDER BY parent_id
             LIMIT 1)
      FROM parent
     WHERE parent.id IS NOT NULL
  ),
  unlocked AS MATERIALIZED (
    SELECT id
      FROM shigoto.job_history
     WHERE id = ANY (ARRAY(SELECT parent.id FROM parent WHERE parent.id IS NOT NULL))
       FOR KEY SHARE SKIP LOCKED
  ),
  over AS MATERIALIZED (
    SELECT parent.id, coalesce(job.state::text, 'deleted') AS state
      FROM parent
      LEFT JOIN LATERAL (SELECT state FROM shigoto.job_history WHERE id = parent.id LIMIT 1) AS job ON true
     WHERE parent.id IS NOT NULL
       AND (SELECT id FROM shigoto.jobs WHERE id = parent.id LIMIT 1) IS NULL
       AND (job.state IS NULL OR parent.id IN (SELECT unlocked.id FROM unlocked))
  ),
  loose AS MATERIALIZED (
    SELECT ctid AS place, parent_id
      FROM shigoto.loose_ends
     WHERE parent_id = ANY (ARRAY(SELECT over.id FROM over ORDER BY over.id))
       FOR UPDATE SKIP LOCKED
  ),
  gone AS (
    DELETE FROM shigoto.loose_ends WHERE ctid = ANY (ARRAY(SELECT place FROM loose))
  )
  SELECT array_agg(ROW(id, state, NULL, NULL, true)::shigoto.ended_job ORDER BY id)
    INTO ended
    FROM over
   WHERE (id IN (SELECT parent_id FROM loose)) IS TRUE; -- no join: it would be one of all with all
  IF ended IS NOT NULL THEN
    followed := shigoto.follow_ends(ended);
    told := followed.told;
  END IF;
  -- Not a count: others come meanwhile.
  some_are_left := EXISTS (SELECT FROM shigoto.loose_ends WHERE parent_id > behind AND parent_id <= up_to);
END $$;
