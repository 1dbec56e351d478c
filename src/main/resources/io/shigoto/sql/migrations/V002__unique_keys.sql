-- Unique jobs: which job holds which key.

-- While a row is here, no other job gets its key: nothing else than this primary key keeps two jobs apart.
-- A job's row is written by the statement that inserts the job, and goes when the job leaves the states in which it
-- holds its key. What is over may be taken away by whoever wants the key, and by a chore.
CREATE TABLE shigoto.unique_keys (
  key      uuid PRIMARY KEY,
  job_id   bigint NOT NULL,
  -- The end of the period, after which the job may live on; NULL: without end.
  until    timestamptz,
  -- The states in which the job holds the key; NULL: all that are not terminal.
  states   shigoto.job_state[],
  -- Since when the job is in a terminal one of them, and in which.
  ended_at timestamptz,
  ended_in shigoto.job_state
) WITH (
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);

-- What is over, for the chore.
CREATE INDEX unique_keys_until ON shigoto.unique_keys (until) WHERE until IS NOT NULL;
CREATE INDEX unique_keys_ended ON shigoto.unique_keys (ended_in, ended_at) WHERE ended_in IS NOT NULL;

-- Inserts keys in their order; of several jobs that want the same, the one with the smallest id gets it. A key that an
-- unfinished transaction takes or gives back is waited for. Returns the jobs that got theirs, ascending.
CREATE FUNCTION shigoto.insert_keys(wanted shigoto.unique_keys[]) RETURNS bigint[] LANGUAGE sql AS $$
  WITH inserted AS (
    INSERT INTO shigoto.unique_keys (key, job_id, until, states)
    SELECT want.key, want.job_id, want.until, want.states
      FROM unnest(wanted) AS want
     ORDER BY want.key, want.job_id
        ON CONFLICT (key) DO NOTHING
    RETURNING job_id
  )
  SELECT coalesce(array_agg(job_id ORDER BY job_id), '{}') FROM inserted
$$;

-- Takes keys for jobs, in the order of the keys, and those that are over away before; then locks jobs that were never
-- started and that others met, by id. A key that an unfinished transaction takes or gives back is waited for, and so is a
-- job that it has changed, as long as lock_timeout says.
-- Nobody waits for a key while he holds a later one, or a job: so nobody waits in a circle. What has become otherwise
-- since it was looked at is therefore no reason to take it now, but to let go of all, and to look and to begin again; and
-- so is a circle that a transaction is in which takes keys by several statements, unless it is this one.
-- Who is patient takes all of it in one block, and in none inside of it: whoever waits for a key waits for the block that
-- took it, and hears when that lets go; of one that ended well inside another he hears at the end of the transaction only.
-- wishing: those of the jobs that change the one that has their key.
-- patient: who waits too long fails. Otherwise it is an answer.
-- Returns the jobs that got their keys, ascending; those that waited too long; for each of those that want, in their
-- order, who has its key (NULL: not known); and which of the jobs that were met are kept by others.
-- again: nothing was taken. If the snapshot of the transaction is too old, that is because of
--   unseen: those that want, whose keys others have
--   stale:  or those that were met, which have changed since
CREATE FUNCTION shigoto.take_keys(
  wanted shigoto.unique_keys[], wishing bigint[], over uuid[], met bigint[], patient boolean,
  OUT taken bigint[], OUT busy bigint[], OUT holders bigint[], OUT kept bigint[],
  OUT again boolean, OUT unseen bigint[], OUT stale bigint[]) LANGUAGE plpgsql AS $$
DECLARE
  sees    CONSTANT boolean := current_setting('transaction_isolation') IN ('read committed', 'read uncommitted');
  circles integer := 0;
  has_all boolean;
  locked  bigint[];
BEGIN
  unseen := '{}';
  stale := '{}';
  LOOP
    has_all := false;
    taken := '{}';
    busy := '{}';
    kept := '{}';
    BEGIN
      IF over <> '{}' THEN
        PERFORM shigoto.take_away_keys(over);
      END IF;
      IF patient AND wanted <> '{}' THEN
        taken := shigoto.insert_keys(wanted);
      ELSIF wanted <> '{}' THEN
        SELECT grasp.taken, grasp.busy INTO taken, busy FROM shigoto.grasp_keys(wanted) AS grasp;
      END IF;
      IF cardinality(taken) = cardinality(wanted) THEN
        again := false;
      ELSIF sees THEN
        holders := ARRAY(
          SELECT held.job_id
            FROM unnest(wanted) WITH ORDINALITY AS want
            LEFT JOIN LATERAL (SELECT job_id FROM shigoto.unique_keys WHERE key = want.key LIMIT 1) AS held ON true
           ORDER BY want.ordinality);
        again := EXISTS (
          SELECT FROM unnest(wanted) WITH ORDINALITY AS want
           WHERE NOT want.job_id = ANY (busy)
             AND (holders[ordinality] IS NULL
               OR (wishing[width_bucket(want.job_id, wishing)] = want.job_id OR want.key = ANY (over))
                  AND taken[width_bucket(holders[ordinality], taken)] IS DISTINCT FROM holders[ordinality]));
      ELSE
        again := EXISTS (
          SELECT FROM unnest(wanted) AS want
           WHERE NOT want.job_id = ANY (busy)
             AND NOT want.key = ANY (ARRAY(SELECT other.key FROM unnest(wanted) AS other WHERE other.job_id = ANY (taken))));
      END IF;
      IF NOT again THEN
        has_all := true;
        IF met <> '{}' THEN
          SELECT lock.locked, lock.kept INTO locked, kept FROM shigoto.lock_unstarted(met, patient) AS lock;
          again := cardinality(locked) + cardinality(kept) < cardinality(met);
        END IF;
        IF NOT again THEN
          RETURN;
        END IF;
      END IF;
      RAISE EXCEPTION 'begin again' USING ERRCODE = 'SHAGN';
    EXCEPTION
      WHEN SQLSTATE 'SHAGN' OR serialization_failure THEN
        taken := '{}';
        again := true;
        IF has_all THEN
          stale := CASE WHEN sees THEN '{}' ELSE shigoto.find_stale(met) END;
        ELSIF sees AND patient THEN
          PERFORM shigoto.await_keys(over);
        ELSIF NOT sees THEN
          unseen := CASE WHEN patient THEN shigoto.find_unseen(wanted) ELSE ARRAY(SELECT job_id FROM unnest(wanted)) END;
        END IF;
        RETURN;
      WHEN deadlock_detected THEN
        circles := circles + 1;
        IF circles = 5 THEN
          RAISE;
        END IF;
        -- Whoever waited for what was let go of is to get it.
        PERFORM pg_sleep(0.01 * circles);
    END;
  END LOOP;
END $$;

-- Keys that are over may be held by somebody who does not take them away, such as a person in psql: he is waited for, as
-- long as lock_timeout says. Only while they are over, or others would pass over the row of a job that lives; and one after
-- the other, so that nobody is kept from those that are free. Keeps none.
CREATE FUNCTION shigoto.await_keys(over uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one uuid;
BEGIN
  FOREACH one IN ARRAY over LOOP
    BEGIN
      PERFORM
         FROM shigoto.unique_keys AS held
        WHERE held.key = one
          AND (held.until <= clock_timestamp()
            OR held.ended_at IS NULL
               AND NOT EXISTS (SELECT FROM shigoto.jobs AS job WHERE job.id = held.job_id)
               AND NOT shigoto.ended_holding(held.job_id, held.states))
          FOR UPDATE;
      RAISE EXCEPTION 'let go' USING ERRCODE = 'SHAGN';
    EXCEPTION WHEN SQLSTATE 'SHAGN' THEN
      NULL;
    END;
  END LOOP;
END $$;

-- Which of these jobs cannot take their keys, in a transaction whose snapshot is too old to tell who has them. Keeps none.
-- A circle is an error here, and not to be waited for again: nothing of this statement is held, so it is closed by what
-- the transaction holds since earlier ones, and nobody in it can go on before it ends.
CREATE FUNCTION shigoto.find_unseen(wanted shigoto.unique_keys[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  unseen bigint[] := '{}';
  one    shigoto.unique_keys;
BEGIN
  FOR one IN
    SELECT want.* FROM unnest(wanted) AS want ORDER BY want.key, want.job_id
  LOOP
    BEGIN
      IF shigoto.insert_keys(ARRAY[one]) = '{}' THEN
        unseen := unseen || one.job_id;
      END IF;
      RAISE EXCEPTION 'let go' USING ERRCODE = 'SHAGN';
    EXCEPTION
      WHEN SQLSTATE 'SHAGN' THEN
        NULL;
      WHEN serialization_failure THEN
        unseen := unseen || one.job_id;
    END;
  END LOOP;
  RETURN unseen;
END $$;

-- Locks jobs that were never started, in the order of their ids. One that is started while it is waited for is locked
-- too, although it is not met: that is the caller's to let go.
-- patient: who waits too long fails. Otherwise it is an answer.
-- Returns those that it found so, and those that others keep.
CREATE FUNCTION shigoto.lock_unstarted(ids bigint[], patient boolean, OUT locked bigint[], OUT kept bigint[])
LANGUAGE plpgsql AS $$
BEGIN
  kept := '{}';
  IF patient THEN
    locked := ARRAY(
      SELECT id FROM shigoto.jobs WHERE id = ANY (ids) AND attempt = 0 AND begun IS NULL ORDER BY id FOR UPDATE);
    RETURN;
  END IF;
  BEGIN
    locked := ARRAY(
      SELECT id FROM shigoto.jobs WHERE id = ANY (ids) AND attempt = 0 AND begun IS NULL ORDER BY id FOR UPDATE);
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    locked := ARRAY(
      SELECT id
        FROM shigoto.jobs
       WHERE id = ANY (ids)
         AND attempt = 0
         AND begun IS NULL
       ORDER BY id
         FOR UPDATE SKIP LOCKED);
    kept := ARRAY(
      SELECT id
        FROM shigoto.jobs
       WHERE id = ANY (ids)
         AND locked[width_bucket(id, locked)] IS DISTINCT FROM id
         AND attempt = 0
         AND begun IS NULL
       ORDER BY id);
  END;
END $$;

-- Which of these jobs have changed since the snapshot of the transaction was taken; all, if that is not known. Locks none.
CREATE FUNCTION shigoto.find_stale(ids bigint[]) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  stale bigint[] := '{}';
  job   bigint;
BEGIN
  FOREACH job IN ARRAY ids LOOP
    BEGIN
      PERFORM FROM shigoto.jobs WHERE id = job FOR UPDATE SKIP LOCKED;
      RAISE EXCEPTION 'let go' USING ERRCODE = 'SHAGN';
    EXCEPTION
      WHEN SQLSTATE 'SHAGN' THEN
        NULL;
      WHEN serialization_failure THEN
        stale := stale || job;
    END;
  END LOOP;
  RETURN CASE WHEN stale = '{}' THEN ids ELSE stale END;
END $$;

-- One attempt at that of who is not patient: when one was waited for too long, or the snapshot is too old, they are taken
-- one by one, each is waited for an instant only, and all together a tenth of a second: the keys that were taken are kept
-- from others, and those that come behind wait too. It begins anywhere, so that each has its chance; a circle of those who
-- do that is over after an instant.
CREATE FUNCTION shigoto.grasp_keys(wanted shigoto.unique_keys[], OUT taken bigint[], OUT busy bigint[])
LANGUAGE plpgsql AS $$
DECLARE
  timeout CONSTANT text := current_setting('lock_timeout');
  start   CONSTANT uuid := gen_random_uuid();
  over    timestamptz;
  one     shigoto.unique_keys;
  last    uuid;
BEGIN
  busy := '{}';
  taken := shigoto.insert_keys(wanted);
EXCEPTION WHEN serialization_failure OR lock_not_available OR deadlock_detected THEN
  taken := '{}';
  IF cardinality(wanted) = 1 THEN
    busy := CASE WHEN SQLSTATE = '40001' THEN '{}' ELSE ARRAY[(wanted[1]).job_id] END;
    RETURN;
  END IF;
  over := clock_timestamp() + interval '100 milliseconds';
  PERFORM set_config('lock_timeout', '2ms', true);
  FOR one IN
    SELECT want.* FROM unnest(wanted) AS want ORDER BY want.key < start, want.key, want.job_id
  LOOP
    IF one.key = last OR clock_timestamp() > over THEN
      busy := busy || one.job_id;
      CONTINUE;
    END IF;
    BEGIN
      taken := taken || shigoto.insert_keys(ARRAY[one]);
    EXCEPTION
      WHEN serialization_failure THEN
        NULL;
      WHEN lock_not_available OR deadlock_detected THEN
        busy := busy || one.job_id;
        last := one.key;
    END;
  END LOOP;
  taken := ARRAY(SELECT id FROM unnest(taken) AS id ORDER BY id);
  PERFORM set_config('lock_timeout', timeout, true);
END $$;

-- Jobs ended: their keys are free, or kept on if they ended in a state in which they hold them.
-- What is over is left alone: somebody may be taking it away, and is not to be waited for. Nor is anybody else who holds
-- a key's row, such as a person in psql: it stays as it is, and whoever wants the key finds by the job how it ended.
CREATE FUNCTION shigoto.release_keys(ended shigoto.ended_job[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  keys   uuid[];
  ids    bigint[];
  finals shigoto.job_state[];
BEGIN
  SELECT array_agg(job.unique_key ORDER BY job.id), array_agg(job.id ORDER BY job.id),
         array_agg(job.state::shigoto.job_state ORDER BY job.id)
    INTO keys, ids, finals
    FROM unnest(ended) AS job
   WHERE job.unique_key IS NOT NULL;
  IF keys IS NULL THEN
    RETURN;
  END IF;
  keys := ARRAY(
    SELECT held.key
      FROM shigoto.unique_keys AS held
     WHERE held.key = ANY (keys)
       AND held.job_id = ids[width_bucket(held.job_id, ids)]
       AND (held.until IS NULL OR held.until > clock_timestamp())
       FOR UPDATE SKIP LOCKED);
  DELETE FROM shigoto.unique_keys AS held
   WHERE held.key = ANY (keys)
     AND (held.states IS NULL OR NOT finals[width_bucket(held.job_id, ids)] = ANY (held.states));
  UPDATE shigoto.unique_keys AS held
     SET ended_at = now(), ended_in = finals[width_bucket(held.job_id, ids)]
   WHERE held.key = ANY (keys)
     AND finals[width_bucket(held.job_id, ids)] = ANY (held.states);
END $$;

-- Whether a job that does not live holds its key on, although its row in unique_keys does not tell: somebody held that
-- when the job ended.
CREATE FUNCTION shigoto.ended_holding(job_id bigint, states shigoto.job_state[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT states IS NOT NULL
     AND EXISTS (SELECT FROM shigoto.job_history AS job WHERE job.id = job_id AND job.state = ANY (states))
$$;

-- Takes away those of the keys that are over: the period has ended; or the job was removed by nobody of ours, or ended
-- while somebody held the row. One that somebody else takes away at the same time is left to him.
CREATE FUNCTION shigoto.take_away_keys(keys uuid[]) RETURNS void LANGUAGE sql AS $$
  DELETE FROM shigoto.unique_keys
   WHERE key = ANY (ARRAY(
     SELECT held.key
       FROM shigoto.unique_keys AS held
      WHERE held.key = ANY (keys)
        AND (held.until <= clock_timestamp()
          OR held.ended_at IS NULL
             AND NOT EXISTS (SELECT FROM shigoto.jobs AS job WHERE job.id = held.job_id)
             AND NOT shigoto.ended_holding(held.job_id, held.states))
      ORDER BY held.key
        FOR UPDATE SKIP LOCKED))
$$;

-- A job comes to a state in which it does not hold its key, such as a run. What is over is left alone, and so is a row
-- that somebody holds, as above: then the job holds its key on, until it ends.
CREATE FUNCTION shigoto.give_up_key(unique_key uuid, id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM shigoto.unique_keys
   WHERE key = (
     SELECT held.key
       FROM shigoto.unique_keys AS held
      WHERE held.key = give_up_key.unique_key
        AND held.job_id = give_up_key.id
        AND (held.until IS NULL OR held.until > clock_timestamp())
        FOR UPDATE SKIP LOCKED);
  RETURN true;
END $$;

-- Takes the key of a job that held it before, unless its period is over.
-- Returns the job that has the key now: this one or another; 0 if its period is over; NULL if it waited too long for an
-- unfinished transaction, or if the snapshot of this one is too old to tell.
CREATE FUNCTION shigoto.take_key_again(wanted shigoto.unique_keys) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  grasp  record;
  holder record;
BEGIN
  IF wanted.until <= clock_timestamp() THEN
    RETURN 0;
  END IF;
  LOOP
    PERFORM shigoto.take_away_keys(ARRAY[wanted.key]);
    SELECT * INTO grasp FROM shigoto.grasp_keys(ARRAY[wanted]);
    IF wanted.job_id = ANY (grasp.taken) THEN
      RETURN wanted.job_id;
    ELSIF wanted.job_id = ANY (grasp.busy) THEN
      RETURN NULL;
    END IF;
    -- Its own, if it ended in a state in which it holds it, or while somebody held the row. It is written anew, and not
    -- changed: whoever is taking it away has found by an older look that the job does not live, and finds it gone.
    DELETE FROM shigoto.unique_keys WHERE key = wanted.key AND job_id = wanted.job_id;
    CONTINUE WHEN FOUND;
    SELECT job_id,
           until <= clock_timestamp()
             OR (ended_at IS NULL
                 AND (SELECT id FROM shigoto.jobs WHERE id = job_id LIMIT 1) IS NULL
                 AND NOT shigoto.ended_holding(job_id, states)) AS is_over
      INTO holder
      FROM shigoto.unique_keys
     WHERE key = wanted.key;
    IF FOUND AND holder.is_over THEN
      -- Somebody is about to take it away.
      RETURN NULL;
    ELSIF FOUND OR current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
      RETURN holder.job_id;
    END IF;
  END LOOP;
END $$;

-- Whether an unfinished transaction takes or gives back a key. It is tried for an instant, and let go of at once.
CREATE FUNCTION shigoto.key_is_busy(wanted shigoto.unique_keys) RETURNS boolean LANGUAGE plpgsql
SET lock_timeout = '2ms' AS $$
BEGIN
  PERFORM shigoto.insert_keys(ARRAY[wanted]);
  RAISE EXCEPTION 'only a look' USING ERRCODE = 'SHAGN';
EXCEPTION
  WHEN SQLSTATE 'SHAGN' OR serialization_failure THEN
    RETURN false;
  WHEN lock_not_available OR deadlock_detected THEN
    RETURN true;
END $$;

-- Gives back the keys of ended jobs that are deleted.
CREATE FUNCTION shigoto.forget_keys(jobs shigoto.unique_keys[]) RETURNS void LANGUAGE sql AS $$
  DELETE FROM shigoto.unique_keys
   WHERE key = ANY (ARRAY(SELECT key FROM unnest(jobs)))
     AND job_id = ANY (ARRAY(SELECT job_id FROM unnest(jobs)))
     AND ended_at IS NOT NULL
$$;

-- A run that comes back, as settle.sql has it: fenced by its lease.
CREATE TYPE shigoto.returning_run AS (
  id     bigint,
  lease  bigint,
  state  text,
  due_in bigint,
  refund integer,
  error  jsonb
);

-- Settles runs that come back into a state in which they hold their keys, and held none while they ran, in the order of
-- these. One whose key another job has taken meanwhile is cancelled: that one does its work.
-- And those that are the other way round: they give up their keys.
-- All others that are settled with them wait meanwhile. So each key is waited for some milliseconds only, all together a
-- tenth of a second, and it begins anywhere: whatever is busy, each has its turn. Who waits so shortly waits for nobody
-- in a circle.
-- Returns those that were written, and what was written instead:
--   cancelled: another job has its key. What follows from its end is the caller's to see to, with all other ends: so it
--              takes the locks of all in one order
--   busy:      nothing, an unfinished transaction has its key, or its row, or that of others; it is to be tried again
CREATE FUNCTION shigoto.settle_returning(runs shigoto.returning_run[])
RETURNS TABLE (id bigint, instead text, ended shigoto.ended_job) LANGUAGE plpgsql SET lock_timeout = '5ms' AS $$
DECLARE
  over   CONSTANT timestamptz := clock_timestamp() + interval '100 milliseconds';
  first  CONSTANT uuid := gen_random_uuid();
  tries  boolean := false;
  run    shigoto.returning_run;
  job    shigoto.jobs;
  holder bigint;
BEGIN
  FOR run IN
    SELECT back.*
      FROM unnest(runs) AS back
      LEFT JOIN LATERAL (SELECT unique_key FROM shigoto.jobs AS live WHERE live.id = back.id LIMIT 1) AS live ON true
     ORDER BY live.unique_key < first, live.unique_key, back.id
  LOOP
    id := run.id;
    instead := NULL;
    ended := NULL;
    IF tries AND clock_timestamp() > over THEN
      instead := 'busy';
      RETURN NEXT;
      CONTINUE;
    END IF;
    tries := true;
    BEGIN
      SELECT live.* INTO job
        FROM shigoto.jobs AS live
       WHERE live.id = run.id
         AND live.lease = run.lease
         AND live.state = 'executing'
         AND live.cancelling IS NULL
         FOR UPDATE;
      CONTINUE WHEN NOT FOUND;
      IF NOT run.state::shigoto.job_state = ANY (job.unique_states) THEN
        PERFORM shigoto.give_up_key(job.unique_key, job.id);
        holder := job.id;
      ELSE
        holder := shigoto.take_key_again(ROW(job.unique_key, job.id, job.unique_until, job.unique_states, NULL, NULL));
      END IF;
      IF holder IS NULL THEN
        instead := 'busy';
      ELSIF holder IN (0, job.id) THEN
        UPDATE shigoto.jobs AS live
           SET state = run.state::shigoto.job_state,
               owner = NULL,
               scheduled_at = coalesce(now() + run.due_in * interval '1 millisecond', live.scheduled_at),
               attempt = live.attempt - least(run.refund, 1),
             begun = CASE WHEN run.refund < 2 THEN true ELSE live.begun END,
               errors = shigoto.with_error(live.errors, run.error)
         WHERE live.id = job.id;
      ELSE
        ended := shigoto.cancel_for(job, run, holder);
        instead := 'cancelled';
      END IF;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      instead := 'busy';
    END;
    RETURN NEXT;
  END LOOP;
END $$;

-- Cancels a run that comes back, because another job has its key. What follows from that is the caller's to see to.
CREATE FUNCTION shigoto.cancel_for(job shigoto.jobs, run shigoto.returning_run, holder bigint)
RETURNS shigoto.ended_job LANGUAGE plpgsql AS $$
DECLARE
  reason CONSTANT jsonb := jsonb_build_object(
    'attempt', job.attempt,
    'node', coalesce((SELECT name FROM shigoto.nodes WHERE id = job.owner), ''),
    'type', 'cancelled',
    'message', format('job %s has its unique key', holder),
    'stack', '');
BEGIN
  DELETE FROM shigoto.jobs WHERE id = job.id;
  INSERT INTO shigoto.job_history
         (id, lease, scheduled_at, inserted_at, claimed_at, finished_at, state, attempt, max_attempts,
          priority, queue, worker, args, meta, tags, partition_key, errors,
          progress, batch_id, unique_key, unique_until, unique_states, depends_on, if_not_completed)
  VALUES (job.id, job.lease, job.scheduled_at, job.inserted_at, job.claimed_at, now(), 'cancelled',
          job.attempt - least(run.refund, 1), job.max_attempts, job.priority, job.queue, job.worker, job.args, job.meta, job.tags,
          job.partition_key, shigoto.with_error(shigoto.with_error(job.errors, run.error), reason),
          job.progress, job.batch_id, job.unique_key, job.unique_until, job.unique_states, job.depends_on,
          job.if_not_completed);
  RETURN ROW(job.id, 'cancelled', job.batch_id, job.unique_key, job.watched)::shigoto.ended_job;
END $$;

-- Jobs are due that do not hold their keys while they wait for that: now they take them, in the order of these. One
-- whose key another job has is cancelled: that one does its work. One at whose key an unfinished transaction is, or at
-- what follows from its end, is due a little later: so it keeps none of the others.
-- Their rows are locked by the caller. Returns what the nodes are to be told after the commit.
CREATE FUNCTION shigoto.promote_keyless(ids bigint[]) RETURNS text[] LANGUAGE plpgsql SET lock_timeout = '5ms' AS $$
DECLARE
  over   CONSTANT timestamptz := clock_timestamp() + interval '100 milliseconds';
  told   text[] := '{}';
  tries  boolean := false;
  job    shigoto.jobs;
  holder bigint;
BEGIN
  FOR job IN
    SELECT live.* FROM shigoto.jobs AS live WHERE live.id = ANY (ids) ORDER BY live.unique_key, live.id
  LOOP
    IF tries AND clock_timestamp() > over THEN
      RETURN told || 'd0'::text;
    END IF;
    tries := true;
    BEGIN
      holder := shigoto.take_key_again(
        ROW(job.unique_key, job.id, job.unique_until, job.unique_states, NULL, NULL)::shigoto.unique_keys);
      IF holder IN (0, job.id) THEN
        UPDATE shigoto.jobs AS live SET state = 'available' WHERE live.id = job.id;
        told := told || ('q' || job.queue);
      ELSIF holder IS NOT NULL THEN
        told := told || shigoto.jobs_ended(
          ARRAY[shigoto.cancel_for(
            job, ROW(job.id, job.lease, 'cancelled', NULL, 0, NULL)::shigoto.returning_run, holder)], false);
        told := told || shigoto.aftermath('cancelled', job, 0, 'unique');
      END IF;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      holder := NULL;
    END;
    IF holder IS NULL THEN
      UPDATE shigoto.jobs AS live SET scheduled_at = now() + interval '100 milliseconds' WHERE live.id = job.id;
      told := told || 'd100'::text;
    END IF;
  END LOOP;
  RETURN told;
END $$;
