-- What people do with jobs: find them by filters, retry those that failed, delete what nobody wants any more.

-- Failed jobs, which are few, among all that have ended; and the jobs of a batch. Free for all others.
CREATE INDEX job_history_failed ON shigoto.job_history (id) WHERE state <> 'completed';
CREATE INDEX job_history_batch ON shigoto.job_history (batch_id, id) WHERE batch_id IS NOT NULL;
CREATE INDEX jobs_batch ON shigoto.jobs (batch_id, id) WHERE batch_id IS NOT NULL;

-- Which jobs are meant: those for which everything holds that is not NULL.
CREATE TYPE shigoto.job_filter AS (
  workers         text[],
  queues          text[],
  states          shigoto.job_state[],
  -- All of these, and one of these.
  tags            text[],
  any_tags        text[],
  -- Contained in the job's.
  args            jsonb,
  partition_keys  text[],
  batch_id        bigint,
  ids             bigint[],
  -- From and before.
  inserted_from   timestamptz,
  inserted_before timestamptz,
  finished_from   timestamptz,
  finished_before timestamptz
);

-- What of a filter has an index, or says which tables and days are looked at. $5 is the filter, in this and the next.
CREATE FUNCTION shigoto.filter_by_index(filter shigoto.job_filter) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT concat_ws(' AND ', 'true',
    CASE WHEN filter.ids IS NOT NULL THEN 'id = ANY (($5).ids)' END,
    CASE WHEN filter.batch_id IS NOT NULL THEN 'batch_id = ($5).batch_id' END,
    CASE WHEN filter.states <@ '{discarded,cancelled}' THEN 'state IN (''discarded'', ''cancelled'')'
         WHEN filter.states <@ '{completed,discarded,cancelled}' THEN 'state IN (''completed'', ''discarded'', ''cancelled'')'
         WHEN NOT filter.states && '{completed,discarded,cancelled}'
         THEN 'state NOT IN (''completed'', ''discarded'', ''cancelled'')'
         WHEN NOT 'completed' = ANY (filter.states) THEN 'state <> ''completed''' END,
    -- Whole days: what is looked at within one is not to depend on how few of its jobs are meant.
    CASE WHEN filter.finished_from IS NOT NULL THEN 'finished_at >= shigoto.day_of(($5).finished_from)' END,
    CASE WHEN filter.finished_before IS NOT NULL
         THEN 'finished_at < shigoto.day_of(($5).finished_before) + interval ''24 hours''' END,
    -- No job ends before it is inserted.
    CASE WHEN filter.inserted_from IS NOT NULL
         THEN '(finished_at IS NULL OR finished_at >= shigoto.day_of(($5).inserted_from))' END)
$$;

-- The beginning of the day, as the partitions of the history have it.
CREATE FUNCTION shigoto.day_of(instant timestamptz) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT date_trunc('day', instant AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
$$;

-- The rest of it, which each job that is looked at is asked for.
CREATE FUNCTION shigoto.filter_by_look(filter shigoto.job_filter) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT concat_ws(' AND ', 'true',
    CASE WHEN filter.workers IS NOT NULL THEN 'worker = ANY (($5).workers)' END,
    CASE WHEN filter.queues IS NOT NULL THEN 'queue = ANY (($5).queues)' END,
    CASE WHEN filter.states IS NOT NULL THEN 'state = ANY (($5).states)' END,
    CASE WHEN filter.tags IS NOT NULL THEN 'tags @> ($5).tags' END,
    CASE WHEN filter.any_tags IS NOT NULL THEN 'tags && ($5).any_tags' END,
    CASE WHEN filter.args IS NOT NULL THEN 'args @> ($5).args' END,
    CASE WHEN filter.partition_keys IS NOT NULL THEN 'partition_key = ANY (($5).partition_keys)' END,
    CASE WHEN filter.inserted_from IS NOT NULL THEN 'inserted_at >= ($5).inserted_from' END,
    CASE WHEN filter.inserted_before IS NOT NULL THEN 'inserted_at < ($5).inserted_before' END,
    CASE WHEN filter.finished_from IS NOT NULL THEN 'finished_at >= ($5).finished_from' END,
    CASE WHEN filter.finished_before IS NOT NULL THEN 'finished_at < ($5).finished_before' END)
$$;

-- A walk over live and ended jobs together in the order of their ids, which looks at so many at most. It is planned
-- each time, by the filter at hand; no value of the filter gets into the text.
-- In the text: $1 only ids above  $2 and below  $3 how many are looked at  $4 how many are wanted  $5 filter
CREATE FUNCTION shigoto.walk_text(filter shigoto.job_filter, columns text, direction text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT format(
    'SELECT %1$s
       FROM (SELECT * FROM shigoto.all_jobs WHERE id > $1 AND id < $2 AND %2$s ORDER BY id %4$s LIMIT $3) AS walked
      WHERE %3$s
      ORDER BY id %4$s
      LIMIT $4',
    columns, shigoto.filter_by_index(filter), shigoto.filter_by_look(filter), direction)
$$;

-- Where a walk ends that has looked at as many as it may; NULL if there was nothing more to look at.
CREATE FUNCTION shigoto.walk_end(
  filter shigoto.job_filter, above bigint, below bigint, direction text, walk integer) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  last bigint;
BEGIN
  EXECUTE format(
    'SELECT id FROM shigoto.all_jobs WHERE id > $1 AND id < $2 AND %s ORDER BY id %s OFFSET $3 - 1 LIMIT 1',
    shigoto.filter_by_index(filter), direction)
    INTO last USING above, below, walk, NULL, filter;
  RETURN last;
END $$;

-- A page of the jobs that are meant, the newest first. All of it is one look at both tables (the function is STABLE),
-- so a job that moves between them is found once.
-- walk: how many jobs are looked at, at most. What they have brought is the page.
-- Returns the jobs, and then a row without one if there may be more: behind which id.
CREATE FUNCTION shigoto.search_jobs(filter shigoto.job_filter, below bigint, most integer, walk integer)
RETURNS TABLE (job shigoto.all_jobs, behind bigint) LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
  found integer := 0;
BEGIN
  FOR job IN EXECUTE shigoto.walk_text(filter, '*', 'DESC') USING 0::bigint, below, walk, most, filter LOOP
    RETURN NEXT;
    found := found + 1;
  END LOOP;
  behind := CASE WHEN found = most THEN job.id ELSE shigoto.walk_end(filter, 0, below, 'DESC', walk) END;
  job := NULL;
  RETURN QUERY SELECT job, behind WHERE behind IS NOT NULL;
END $$;

-- The ids of jobs that are meant. direction: ASC or DESC.
-- Returns them in that order, and how far it has looked; NULL if there is nothing more to look at.
CREATE FUNCTION shigoto.match_jobs(
  filter shigoto.job_filter, above bigint, below bigint, direction text, most integer, walk integer,
  OUT ids bigint[], OUT walked bigint)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
BEGIN
  EXECUTE format('SELECT array_agg(id) FROM (%s) AS found', shigoto.walk_text(filter, 'id', direction))
    INTO ids USING above, below, walk, most, filter;
  ids := coalesce(ids, '{}');
  walked := CASE WHEN cardinality(ids) = most THEN ids[most]
                 ELSE shigoto.walk_end(filter, above, below, direction, walk) END;
END $$;

-- What became of a job that was to be retried, or deleted.
CREATE TYPE shigoto.controlled AS (
  id      bigint,
  -- retried: it lives again. due_now: it is available. deleted: it is gone. held: another job has its key. running: it runs, and stays.
  -- locked: somebody is at its row or its key, it is to be looked at again.
  -- untried: others kept the statement waiting for so long that it did not come to this one.
  outcome text,
  queue   text,
  worker  text,
  -- The job that has its key; or how it had ended.
  detail  text,
  -- What the nodes are to be told after the commit. There is a row with nothing but that.
  told    text[]
);

-- Has jobs run once more: those that were discarded or cancelled live again, from their first attempt, with their errors
-- and their key, and wait once more for those of the jobs they depend on that live; who still waits for others waits
-- for them again. Those that wait for their time are due now.
-- chosen: only those in these states. Ids ascending.
-- Waits for nobody for long, and for all together as little: what others hold locked is left to another look, and so is
-- what depends on that.
-- Returns a row for each job that was found in one of these states.
-- Locks: rows of the history and live ones, in id order, SKIP LOCKED; then those that wait, by their ids, SKIP LOCKED;
-- then keys in the order of the keys; then who waits for whom, in that order; then batches.
CREATE FUNCTION shigoto.retry_jobs(wanted bigint[], chosen shigoto.job_state[]) RETURNS SETOF shigoto.controlled
LANGUAGE plpgsql SET lock_timeout = '100ms' SET enable_seqscan = off AS $$
DECLARE
  untried CONSTANT bigint := -2;
  found   bigint[];
  holders bigint[];
  left_to bigint[];
  in_vain record;
  retried shigoto.ended_job[];
  waiting bigint[];
BEGIN
  PERFORM set_config('shigoto.notify', 'off', true);
  found := ARRAY(
    SELECT job.id
      FROM shigoto.job_history AS job
     WHERE job.id = ANY (wanted)
       AND job.state IN ('discarded', 'cancelled')
       AND job.state = ANY (chosen)
     ORDER BY job.id
       FOR UPDATE SKIP LOCKED);
  in_vain := shigoto.hold_those_in_vain(found);
  IF cardinality(found) < cardinality(wanted) OR in_vain.held <> '{}' THEN
    found := shigoto.without(found, in_vain.held);
    found := shigoto.without(found, shigoto.left_with(found, ARRAY(
      SELECT ended.id
        FROM shigoto.job_history AS ended
       WHERE ended.id = ANY (wanted)
         AND ended.state IN ('discarded', 'cancelled')
         AND ended.state = ANY (chosen)
         AND found[width_bucket(ended.id, found)] IS DISTINCT FROM ended.id)));
  END IF;
  LOOP
    BEGIN
      holders := ARRAY(SELECT coalesce(holder, -1) FROM shigoto.take_keys_again(found) ORDER BY id);
      EXIT WHEN NOT 0 > ANY (holders);
      left_to := shigoto.left_with(found, ARRAY(
        SELECT job.id FROM unnest(found, holders) AS job (id, holder) WHERE job.holder < 0));
      EXIT WHEN left_to = '{}';
      RAISE EXCEPTION 'keys were taken of jobs that are left' USING ERRCODE = 'SHLFT';
    EXCEPTION WHEN SQLSTATE 'SHLFT' THEN
      found := shigoto.without(found, left_to);
    END;
  END LOOP;

  WITH gone AS (
    DELETE FROM shigoto.job_history AS job
     WHERE job.id = ANY (found)
       AND job.state IN ('discarded', 'cancelled')
       AND holders[width_bucket(job.id, found)] IN (0, job.id)
    RETURNING job.*
  ),
  revived AS (
    -- The lease is raised: what a run of its earlier life still says is about another one.
    INSERT INTO shigoto.jobs
           (id, lease, scheduled_at, inserted_at, state, attempt, max_attempts, priority, queue, worker, args, meta, tags,
            partition_key, errors, batch_id, unique_key, unique_until, unique_states, depends_on, if_not_completed, begun)
    SELECT id, lease + 1, now(), inserted_at, 'available', 0, max_attempts, priority, queue, worker, args, meta, tags,
           partition_key, errors, batch_id, unique_key, unique_until, unique_states, depends_on, if_not_completed, true
      FROM gone
     ORDER BY id
  )
  SELECT array_agg(ROW(id, state, batch_id, unique_key, false)::shigoto.ended_job ORDER BY id),
         array_agg(id ORDER BY id) FILTER (WHERE depends_on IS NOT NULL)
    INTO retried, waiting
    FROM gone;
  IF waiting IS NOT NULL THEN
    PERFORM shigoto.wait_again(waiting);
  END IF;
  IF retried IS NOT NULL THEN
    PERFORM shigoto.be_waited_for_again(ARRAY(SELECT (unnest(retried)).id), in_vain.children);
  END IF;

  RETURN QUERY
  SELECT job.id, 'retried', job.queue::text, job.worker::text, NULL::text,
         ARRAY[CASE job.state WHEN 'waiting' THEN 'd0' ELSE 'q' || job.queue END]
    FROM shigoto.jobs AS job
   WHERE job.id = ANY (ARRAY(SELECT (unnest(retried)).id));
  RETURN QUERY
  SELECT job.id,
         CASE WHEN other.holder > 0 THEN 'held' WHEN other.holder = untried THEN 'untried' ELSE 'locked' END,
         job.queue, job.worker, CASE WHEN other.holder > 0 THEN other.holder::text END, NULL::text[]
    FROM shigoto.job_history AS job
    LEFT JOIN unnest(found, holders) AS other (id, holder) ON other.id = job.id
   WHERE job.id = ANY (wanted)
     AND job.state IN ('discarded', 'cancelled')
     AND job.state = ANY (chosen);
  RETURN QUERY
  WITH waiting AS MATERIALIZED (
    SELECT job.id
      FROM shigoto.jobs AS job
     WHERE job.id = ANY (wanted)
       AND job.state IN ('retryable', 'scheduled')
       AND job.state = ANY (chosen)
     ORDER BY job.id
       FOR NO KEY UPDATE SKIP LOCKED
  ),
  due AS (
    UPDATE shigoto.jobs AS job
       -- One that does not hold its key while it waits takes it as one whose time has come.
       SET state = CASE WHEN NOT job.state = ANY (job.unique_states) THEN job.state ELSE 'available' END,
           scheduled_at = least(job.scheduled_at, now())
     WHERE job.id = ANY (ARRAY(SELECT waiting.id FROM waiting ORDER BY waiting.id))
    RETURNING job.id, job.queue, job.worker, job.state
  )
  SELECT job.id, CASE WHEN due.id IS NULL THEN 'locked' ELSE 'due_now' END, job.queue::text, job.worker::text,
         'due_now',
         CASE WHEN due.state = 'available' THEN ARRAY['q' || job.queue] WHEN due.id IS NOT NULL THEN '{d0}' END
    FROM shigoto.jobs AS job
    LEFT JOIN due ON due.id = job.id
   WHERE job.id = ANY (wanted)
     AND job.state IN ('retryable', 'scheduled')
     AND job.state = ANY (chosen);
  PERFORM shigoto.uncount(retried);
END $$;

-- Which of these ended jobs depend on others, or on jobs that do: they would come before them. Parents come first: a job
-- is inserted after those it waits for.
CREATE FUNCTION shigoto.left_with(ids bigint[], others bigint[]) RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  found bigint[] := '{}';
  next  record;
BEGIN
  IF others = '{}' THEN
    RETURN found;
  END IF;
  FOR next IN
    SELECT ended.id, ended.depends_on
      FROM shigoto.job_history AS ended
     WHERE ended.id = ANY (ids)
       AND ended.depends_on IS NOT NULL
     ORDER BY ended.id
  LOOP
    IF next.depends_on && others OR next.depends_on && found THEN
      found := found || next.id;
    END IF;
  END LOOP;
  RETURN found;
END $$;

-- The first without the second, both ascending.
CREATE FUNCTION shigoto.without(ids bigint[], others bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY(SELECT id FROM unnest(ids) AS id WHERE others[width_bucket(id, others)] IS DISTINCT FROM id ORDER BY id)
$$;

-- Takes the keys of ended jobs that are to live again, in the order of the keys; of several that want the same, the one
-- with the smallest id gets it.
-- Each key that an unfinished transaction has costs some milliseconds, and the keys that are taken already are kept
-- from others for as long: so after a tenth of a second no more are tried.
-- Returns for each job who has its key now: 0 if it has none or its period is over; NULL if that cannot be told now; -2
-- if it was not tried. One at least is.
CREATE FUNCTION shigoto.take_keys_again(ids bigint[]) RETURNS TABLE (id bigint, holder bigint) LANGUAGE plpgsql
SET lock_timeout = '5ms' AS $$
DECLARE
  over  CONSTANT timestamptz := clock_timestamp() + interval '100 milliseconds';
  tries boolean := false;
  job   record;
  last  uuid;
BEGIN
  FOR job IN
    SELECT ended.id, ended.unique_key, ended.unique_until, ended.unique_states
      FROM shigoto.job_history AS ended
     WHERE ended.id = ANY (ids)
     ORDER BY ended.unique_key NULLS FIRST, ended.id
  LOOP
    id := job.id;
    IF job.unique_key IS NULL THEN
      holder := 0;
    ELSIF tries AND clock_timestamp() > over THEN
      holder := -2;
    -- A key that was taken just now looks as if nobody had it: the job does not live yet.
    ELSIF job.unique_key IS DISTINCT FROM last THEN
      tries := true;
      BEGIN
        holder := shigoto.take_key_again(
          ROW(job.unique_key, job.id, job.unique_until, job.unique_states, NULL, NULL)::shigoto.unique_keys);
      EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
        holder := NULL;
      END;
      last := CASE holder WHEN job.id THEN job.unique_key END;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;

-- Deletes jobs that do not run. One that lives ends by that as if it were cancelled, for those that wait for it and for
-- its batch; one that has ended stays counted in its batch.
-- chosen: only those in these states. Ids ascending.
-- Returns a row for each job that was found in one of these states.
-- Locks: live rows and rows of the history, in id order, SKIP LOCKED; then as jobs_ended does.
CREATE FUNCTION shigoto.delete_jobs(wanted bigint[], chosen shigoto.job_state[]) RETURNS SETOF shigoto.controlled
LANGUAGE plpgsql SET lock_timeout = '100ms' SET enable_seqscan = off AS $$
DECLARE
  live   bigint[];
  found  bigint[];
  gone   shigoto.controlled[];
  ended  shigoto.ended_job[];
  keys   shigoto.unique_keys[];
BEGIN
  live := ARRAY(
    SELECT job.id
      FROM shigoto.jobs AS job
     WHERE job.id = ANY (wanted)
       AND job.state <> 'executing'
       AND job.state = ANY (chosen)
     ORDER BY job.id
       FOR UPDATE SKIP LOCKED);
  found := ARRAY(
    SELECT job.id
      FROM shigoto.job_history AS job
     WHERE job.id = ANY (wanted)
       AND job.state = ANY (chosen)
     ORDER BY job.id
       FOR UPDATE SKIP LOCKED);
  WITH was_live AS (
    DELETE FROM shigoto.jobs AS job WHERE job.id = ANY (live) RETURNING job.*
  ),
  had_ended AS (
    DELETE FROM shigoto.job_history AS job WHERE job.id = ANY (found) RETURNING job.*
  ),
  every AS (
    -- Somebody may wait for it of whom no node has heard yet.
    SELECT id, queue, worker, state, 'cancelled' AS ended_as, batch_id, unique_key,
           watched OR EXISTS (SELECT FROM shigoto.dependencies WHERE parent_id = was_live.id) AS watched,
           unique_key AS key
      FROM was_live
     UNION ALL
    SELECT id, queue, worker, state, state::text, NULL, NULL,
           EXISTS (SELECT FROM shigoto.dependencies WHERE parent_id = had_ended.id), unique_key
      FROM had_ended
  )
  SELECT array_agg(ROW(id, 'deleted', queue, worker, state, NULL)::shigoto.controlled ORDER BY id),
         array_agg(ROW(id, ended_as, batch_id, unique_key, watched)::shigoto.ended_job ORDER BY id)
           FILTER (WHERE watched OR batch_id IS NOT NULL OR unique_key IS NOT NULL),
         array_agg(ROW(key, id, NULL, NULL, NULL, NULL)::shigoto.unique_keys ORDER BY id) FILTER (WHERE key IS NOT NULL)
    INTO gone, ended, keys
    FROM every;

  RETURN QUERY SELECT * FROM unnest(gone);
  RETURN QUERY
  SELECT job.id, CASE job.state WHEN 'executing' THEN 'running' ELSE 'locked' END, job.queue, job.worker,
         job.state::text, NULL::text[]
    FROM shigoto.all_jobs AS job
   WHERE job.id = ANY (wanted)
     AND job.state = ANY (chosen);
  IF ended IS NOT NULL THEN
    RETURN NEXT ROW(NULL, NULL, NULL, NULL, NULL, shigoto.jobs_ended(ended, false))::shigoto.controlled;
  END IF;
  IF keys IS NOT NULL THEN
    PERFORM shigoto.forget_keys(keys);
  END IF;
END $$;
