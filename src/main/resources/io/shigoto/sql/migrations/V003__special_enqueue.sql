-- The insert of jobs that have something special about them: enqueue.sql is for all others.

-- A job as it is given.
CREATE TYPE shigoto.new_job AS (
  queue         text,
  worker        text,
  args          jsonb,
  priority      smallint,
  max_attempts  integer,
  scheduled_at  timestamptz,
  meta          jsonb,
  tags          text[],
  partition_key text,
  unique_key    uuid,
  unique_until  timestamptz,
  unique_states shigoto.job_state[],
  -- What a job that holds its key, and was never started, takes over from it; and how long that then waits.
  replaces      text[],
  debounce      interval,
  batch_id      bigint,
  -- The jobs it waits for, ascending, each once; and what becomes of it if one of them does not complete.
  depends_on    bigint[],
  if_not_completed shigoto.job_state
);

-- What became of one.
--   inserted: under this id, due in so many ms (0: now; NULL: it waits for others)
--   conflict: this job holds its key, and took over the changes
--   unseen:   somebody holds its key, but the snapshot of the transaction may be too old to tell who
--   busy:     an unfinished transaction takes or gives back its key, or has changed the job that holds it; or others that
--             were given with it are unseen, and nothing was kept
--   closed:   its batch is sealed, or there is none
--   unknown:  there are no jobs of these ids that it is to wait for
-- A row without a place has messages for the nodes, in the form of the notifications of the channel.
CREATE TYPE shigoto.enqueued AS (
  place   integer,
  id      bigint,
  due_in  bigint,
  outcome text,
  changes text[]
);

-- Keeps batches from being sealed until the end of the transaction. Whoever counts passes.
-- patient: who waits too long fails. Otherwise it is an answer.
-- Returns those that are open, and those of which that is not known, because it waited too long.
CREATE FUNCTION shigoto.lock_open_batches(ids bigint[], patient boolean, OUT open bigint[], OUT busy bigint[])
LANGUAGE plpgsql AS $$
BEGIN
  busy := '{}';
  open := ARRAY(
    SELECT id
      FROM shigoto.batches
     WHERE id = ANY (ids)
       AND sealed_at IS NULL
     ORDER BY id
       FOR KEY SHARE);
EXCEPTION
  WHEN lock_not_available THEN
    IF patient THEN
      RAISE;
    END IF;
    open := ARRAY(
      SELECT id
        FROM shigoto.batches
       WHERE id = ANY (ids)
         AND sealed_at IS NULL
       ORDER BY id
         FOR KEY SHARE SKIP LOCKED);
    busy := ARRAY(
      SELECT id
        FROM shigoto.batches
       WHERE id = ANY (ids)
         AND id <> ALL (open)
         AND sealed_at IS NULL
       ORDER BY id);
END $$;

-- Which of these jobs cannot be inserted, whatever their keys: those of a batch that is not open, and those that are to
-- wait for jobs that are not there.
-- patient: who waits too long for a batch that is being sealed fails. Otherwise it is an answer.
-- Locks: the batches, until the end of the transaction.
CREATE FUNCTION shigoto.refuse_jobs(given shigoto.new_job[], patient boolean) RETURNS SETOF shigoto.enqueued LANGUAGE plpgsql AS $$
DECLARE
  batch_ids CONSTANT bigint[] := ARRAY(
    SELECT DISTINCT batch_id FROM unnest(given) WHERE batch_id IS NOT NULL ORDER BY batch_id);
  parents   CONSTANT bigint[] := ARRAY(
    SELECT DISTINCT parent FROM unnest(given) CROSS JOIN unnest(depends_on) AS parent ORDER BY parent);
  open      bigint[];
  busy      bigint[];
  known     bigint[];
BEGIN
  IF batch_ids <> '{}' THEN
    SELECT * INTO open, busy FROM shigoto.lock_open_batches(batch_ids, patient);
    RETURN QUERY
    SELECT ordinality::integer, NULL::bigint, NULL::bigint,
           CASE WHEN batch_id = ANY (busy) THEN 'busy' ELSE 'closed' END,
           ARRAY[batch_id::text]
      FROM unnest(given) WITH ORDINALITY
     WHERE batch_id IS NOT NULL
       AND open[width_bucket(batch_id, open)] IS DISTINCT FROM batch_id;
  END IF;
  IF parents <> '{}' THEN
    known := ARRAY(SELECT id FROM shigoto.jobs WHERE id = ANY (parents) ORDER BY id);
    IF known <> parents THEN
      -- Both tables in one look, so that a job that moves between them at this moment is seen.
      known := ARRAY(SELECT DISTINCT id FROM shigoto.all_jobs WHERE id = ANY (parents) ORDER BY id);
      RETURN QUERY
      SELECT ordinality::integer, NULL::bigint, NULL::bigint, 'unknown', array_agg(parent::text ORDER BY parent)
        FROM unnest(given) WITH ORDINALITY
       CROSS JOIN unnest(depends_on) AS parent
       WHERE known[width_bucket(parent, known)] IS DISTINCT FROM parent
       GROUP BY ordinality;
    END IF;
  END IF;
END $$;

-- Inserts jobs: of those given, which have these ids in their order, the ones that are chosen. All ids ascend.
-- What they wait for and what counts them is left as loose ends: nothing is locked.
CREATE FUNCTION shigoto.insert_jobs(given shigoto.new_job[], ids bigint[], chosen bigint[])
RETURNS SETOF shigoto.enqueued LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
  WITH inserted AS (
    INSERT INTO shigoto.jobs AS job (id, queue, worker, args, priority, max_attempts, scheduled_at, meta, tags,
           partition_key, unique_key, unique_until, unique_states, batch_id, depends_on, if_not_completed, pending, state)
    SELECT ids[ordinality], new.queue, new.worker, new.args, new.priority, new.max_attempts, new.scheduled_at, new.meta,
           new.tags, new.partition_key, new.unique_key, new.unique_until, new.unique_states, new.batch_id,
           new.depends_on, new.if_not_completed, cardinality(new.depends_on),
           CASE WHEN new.depends_on IS NULL THEN 'available' ELSE 'waiting' END::shigoto.job_state
      FROM unnest(given) WITH ORDINALITY AS new
     WHERE chosen[width_bucket(ids[ordinality], chosen)] = ids[ordinality]
     ORDER BY ordinality
    RETURNING job.id, job.state, job.scheduled_at, job.batch_id, job.depends_on
  ),
  edge AS (
    INSERT INTO shigoto.dependencies (parent_id, child_id)
    SELECT parent, job.id FROM inserted AS job CROSS JOIN unnest(job.depends_on) AS parent
    RETURNING parent_id
  ),
  loose_end AS (
    INSERT INTO shigoto.loose_ends (parent_id) SELECT DISTINCT parent_id FROM edge
  ),
  loose_count AS (
    INSERT INTO shigoto.loose_counts (batch_id, total)
    SELECT job.batch_id, count(*) FROM inserted AS job WHERE job.batch_id IS NOT NULL GROUP BY job.batch_id
  )
  SELECT width_bucket(job.id, ids), job.id,
         CASE job.state WHEN 'scheduled' THEN shigoto.ms_until(job.scheduled_at) WHEN 'available' THEN 0 END,
         'inserted', NULL::text[]
    FROM inserted AS job;
END $$;

-- Jobs that were never started, and are locked, were met by others with their key: they take over what those replace,
-- the last of them wins.
-- met: for each of those given, the job that it met; 0 if none.
CREATE FUNCTION shigoto.replace_jobs(given shigoto.new_job[], met bigint[], at_commit boolean)
RETURNS SETOF shigoto.enqueued LANGUAGE plpgsql AS $$
DECLARE
  last  record;
  fresh shigoto.new_job;
  held  record;
  told  text[] := '{}';
BEGIN
  FOR last IN
    SELECT met[ordinality] AS holder,
           max(ordinality) FILTER (WHERE 'args' = ANY (new.replaces)) AS args,
           max(ordinality) FILTER (WHERE 'priority' = ANY (new.replaces)) AS priority,
           max(ordinality) FILTER (WHERE 'max_attempts' = ANY (new.replaces)) AS max_attempts,
           max(ordinality) FILTER (WHERE 'tags' = ANY (new.replaces)) AS tags,
           max(ordinality) FILTER (WHERE 'scheduled_at' = ANY (new.replaces) OR new.debounce IS NOT NULL) AS due
      FROM unnest(given) WITH ORDINALITY AS new
     WHERE met[ordinality] > 0
     GROUP BY met[ordinality]
     ORDER BY met[ordinality]
  LOOP
    fresh.args := (given[last.args]).args;
    fresh.priority := (given[last.priority]).priority;
    fresh.max_attempts := (given[last.max_attempts]).max_attempts;
    fresh.tags := (given[last.tags]).tags;
    fresh.scheduled_at := coalesce(now() + (given[last.due]).debounce, (given[last.due]).scheduled_at);
    UPDATE shigoto.jobs AS job
       SET args = coalesce(fresh.args, job.args),
           priority = coalesce(fresh.priority, job.priority),
           max_attempts = coalesce(fresh.max_attempts, job.max_attempts),
           tags = CASE WHEN last.tags IS NULL THEN job.tags ELSE fresh.tags END,
           scheduled_at = coalesce(fresh.scheduled_at, job.scheduled_at),
           state = CASE WHEN fresh.scheduled_at IS NULL OR job.state = 'waiting' THEN job.state
                        WHEN fresh.scheduled_at > now() THEN 'scheduled'
                        ELSE 'available' END
     WHERE job.id = last.holder
    RETURNING job.id, job.queue, job.state, job.scheduled_at, job.unique_key, job.unique_states INTO held;
    IF NOT held.state = ANY (held.unique_states) THEN
      PERFORM shigoto.give_up_key(held.unique_key, held.id);
      PERFORM set_config('shigoto.own_keys', (own::jsonb - held.unique_key::text)::text, true)
         FROM current_setting('shigoto.own_keys', true) AS own
        WHERE own <> '';
    END IF;
    -- Whoever was to claim it meanwhile, or to move it on, has passed over it.
    IF held.state = 'available' THEN
      told := told || ('q' || held.queue);
    ELSIF held.state = 'scheduled' THEN
      told := told || shigoto.word_of_due(held.scheduled_at, NOT at_commit);
    ELSIF at_commit AND held.state = 'waiting' THEN
      told := told || 'd0'::text;
    END IF;
  END LOOP;
  IF at_commit THEN
    PERFORM pg_notify('shigoto', message) FROM unnest(told) AS message;
  ELSIF cardinality(told) > 0 THEN
    RETURN NEXT ROW(NULL, NULL, NULL, 'told', told)::shigoto.enqueued;
  END IF;
  RETURN QUERY
  SELECT ordinality::integer, met[ordinality], NULL::bigint, 'conflict',
         coalesce(new.replaces, '{}') || CASE WHEN new.debounce IS NULL THEN '{}'::text[] ELSE '{debounced}' END
    FROM unnest(given) WITH ORDINALITY AS new
   WHERE met[ordinality] > 0;
END $$;

-- Inserts jobs, or answers why not. Those of the same key are looked at in their order. Who meets a job that is there, and
-- changes nothing of it, is answered without waiting for anybody. Everything that has to be waited for is waited for in the
-- same order by everybody: keys by their order, then jobs by id.
-- at_commit: the transaction is the caller's. It waits as long as the caller has said, and its commit wakes the nodes.
-- Otherwise it is ours, and is kept waiting for an instant only.
-- Returns one row for each job, in any order, and perhaps messages.
CREATE FUNCTION shigoto.enqueue_special(given shigoto.new_job[], at_commit boolean)
RETURNS SETOF shigoto.enqueued LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  -- Whether each statement sees what was committed before it.
  sees    CONSTANT boolean := current_setting('transaction_isolation') IN ('read committed', 'read uncommitted');
  ids     CONSTANT bigint[] := ARRAY(SELECT nextval('shigoto.jobs_id_seq') FROM generate_series(1, cardinality(given)));
  -- By place; there is no null in it, so that an element is found at once.
  none    CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
  keys    CONSTANT uuid[] := ARRAY(
            SELECT coalesce(unique_key, none) FROM unnest(given) WITH ORDINALITY ORDER BY ordinality);
  -- Whether it changes the one that it meets.
  wishes  CONSTANT boolean[] := ARRAY(
            SELECT replaces IS NOT NULL OR debounce IS NOT NULL
              FROM unnest(given) WITH ORDINALITY
             ORDER BY ordinality);
  wishing CONSTANT bigint[] := ARRAY(SELECT ids[n] FROM generate_subscripts(wishes, 1) AS n WHERE wishes[n] ORDER BY n);
  -- If it does not: the keys that this transaction has taken, and for which jobs. What is read from a table makes a
  -- serializable transaction fail that would not have to; and of a key that another job gave up meanwhile that is seen too.
  own      jsonb := CASE WHEN sees THEN '{}'
                         ELSE coalesce(nullif(current_setting('shigoto.own_keys', true), ''), '{}') END;
  -- Whether it holds no key as it is inserted, because it has to wait first. It is answered by who has the key all the
  -- same.
  loose   CONSTANT boolean[] := ARRAY(
            SELECT unique_states IS NOT NULL
                   AND NOT CASE WHEN depends_on IS NOT NULL THEN 'waiting' WHEN scheduled_at > now() THEN 'scheduled'
                                ELSE 'available' END::shigoto.job_state = ANY (unique_states)
              FROM unnest(given) WITH ORDINALITY
             ORDER BY ordinality);
  refusal  shigoto.enqueued;
  refused  integer[] := '{}';
  keyless  bigint[];
  pending  integer[];
  places   integer[];
  over     uuid[];
  met      bigint[];
  -- Jobs that are not as the snapshot has them.
  stale    bigint[] := '{}';
  rounds   integer := 0;
  place    integer;
  holder   record;
  grasp    record;
BEGIN
  PERFORM set_config('shigoto.notify', CASE WHEN at_commit THEN 'on' ELSE 'off' END, true);
  IF NOT at_commit THEN
    PERFORM set_config('lock_timeout', '100ms', true);
  END IF;
  FOR refusal IN SELECT * FROM shigoto.refuse_jobs(given, at_commit) ORDER BY place LOOP
    refused := refused || refusal.place;
    RETURN NEXT refusal;
  END LOOP;
  pending := ARRAY(SELECT n FROM generate_subscripts(keys, 1) AS n WHERE keys[n] <> none AND NOT n = ANY (refused));
  keyless := ARRAY(SELECT ids[n] FROM generate_subscripts(keys, 1) AS n WHERE keys[n] = none AND NOT n = ANY (refused));
  IF keyless <> '{}' THEN
    RETURN QUERY SELECT * FROM shigoto.insert_jobs(given, ids, keyless);
  END IF;

  -- Until nobody has come between the look and the locks.
  WHILE cardinality(pending) > 0 LOOP
    -- Who is there already is met without waiting for anybody.
    places := '{}';
    over := '{}';
    keyless := '{}';
    met := array_fill(0::bigint, ARRAY[cardinality(given)]);
    FOR holder IN
      SELECT want.n, held.job_id AS id,
             wishes[want.n] AND job.attempt = 0 AND job.begun IS NULL AND NOT job.id = ANY (stale) AS is_met,
             held.until <= clock_timestamp() OR (held.ended_at IS NULL AND job.id IS NULL
               AND NOT shigoto.ended_holding(held.job_id, held.states)) AS is_over
        FROM unnest(pending) AS want (n)
        LEFT JOIN LATERAL (
           SELECT key.job_id, key.until, key.ended_at, key.states
             FROM shigoto.unique_keys AS key
            WHERE key.key = keys[want.n]
              AND (sees OR wishes[want.n])
              AND key.job_id = coalesce((own ->> keys[want.n]::text)::bigint, key.job_id)
            LIMIT 1
          ) AS held ON true
        LEFT JOIN LATERAL (SELECT id, attempt, begun FROM shigoto.jobs WHERE id = held.job_id LIMIT 1) AS job ON true
       ORDER BY want.n
    LOOP
      IF holder.is_met AND holder.is_over IS NOT TRUE THEN
        met[holder.n] := holder.id;
      ELSIF sees AND holder.id IS NOT NULL AND holder.is_over IS NOT TRUE THEN
        RETURN NEXT ROW(holder.n, holder.id, NULL, 'conflict', '{}')::shigoto.enqueued;
      ELSIF own ? keys[holder.n]::text THEN
        RETURN NEXT ROW(holder.n, (own ->> keys[holder.n]::text)::bigint, NULL, 'conflict', '{}')::shigoto.enqueued;
      ELSIF loose[holder.n] THEN
        keyless := keyless || ids[holder.n];
      ELSE
        places := places || holder.n;
        over := over || CASE WHEN sees AND holder.is_over THEN ARRAY[keys[holder.n]] ELSE '{}' END;
      END IF;
    END LOOP;
    IF keyless <> '{}' THEN
      RETURN QUERY SELECT * FROM shigoto.insert_jobs(given, ids, keyless);
    END IF;
    pending := ARRAY(
      SELECT n FROM unnest(pending) AS n WHERE met[n] > 0 OR places[width_bucket(n, places)] = n ORDER BY n);
    EXIT WHEN pending = '{}';

    SELECT * INTO grasp
      FROM shigoto.take_keys(ARRAY(
             SELECT ROW(new.unique_key, ids[ordinality], new.unique_until, new.unique_states, NULL,
                        NULL)::shigoto.unique_keys
               FROM unnest(given) WITH ORDINALITY AS new
              WHERE places[width_bucket(ordinality::integer, places)] = ordinality
              ORDER BY ordinality),
             wishing, over, ARRAY(SELECT DISTINCT id FROM unnest(met) AS id WHERE id > 0 ORDER BY id), at_commit);
    rounds := rounds + 1;
    IF grasp.again AND rounds > 1 THEN
      PERFORM pg_sleep(0.002);
    END IF;
    stale := stale || grasp.stale;
    CONTINUE WHEN grasp.again AND CASE WHEN sees THEN at_commit OR rounds < 5 ELSE grasp.stale <> '{}' END;
    IF grasp.again THEN
      FOREACH place IN ARRAY pending LOOP
        RETURN NEXT ROW(place, NULL, NULL, CASE WHEN ids[place] = ANY (grasp.unseen) THEN 'unseen' ELSE 'busy' END,
                        NULL)::shigoto.enqueued;
      END LOOP;
      EXIT;
    END IF;

    RETURN QUERY SELECT * FROM shigoto.insert_jobs(given, ids, grasp.taken);
    IF NOT sees AND grasp.taken <> '{}' THEN
      own := own || (SELECT jsonb_object_agg(keys[width_bucket(id, ids)], id) FROM unnest(grasp.taken) AS id);
      PERFORM set_config('shigoto.own_keys', own::text, true);
    END IF;
    FOR holder IN
      SELECT n, grasp.holders[ordinality] AS id, taker.id AS taker
        FROM unnest(places) WITH ORDINALITY AS want (n, ordinality)
        LEFT JOIN LATERAL (
           SELECT id FROM unnest(grasp.taken) AS id WHERE keys[width_bucket(id, ids)] = keys[want.n] LIMIT 1
          ) AS taker ON true
       WHERE grasp.taken[width_bucket(ids[n], grasp.taken)] IS DISTINCT FROM ids[n]
       ORDER BY n
    LOOP
      IF ids[holder.n] = ANY (grasp.busy) THEN
        RETURN NEXT ROW(holder.n, NULL, NULL, 'busy', NULL)::shigoto.enqueued;
      ELSIF wishes[holder.n] THEN
        met[holder.n] := holder.taker;
      ELSE
        RETURN NEXT ROW(holder.n, coalesce(holder.taker, holder.id), NULL, 'conflict', '{}')::shigoto.enqueued;
      END IF;
    END LOOP;

    IF grasp.kept <> '{}' THEN
      FOREACH place IN ARRAY pending LOOP
        IF met[place] = ANY (grasp.kept) THEN
          met[place] := 0;
          RETURN NEXT ROW(place, NULL, NULL, 'busy', NULL)::shigoto.enqueued;
        END IF;
      END LOOP;
    END IF;
    IF 0 < ANY (met) THEN
      RETURN QUERY SELECT * FROM shigoto.replace_jobs(given, met, at_commit);
    END IF;
    EXIT;
  END LOOP;
END $$;
