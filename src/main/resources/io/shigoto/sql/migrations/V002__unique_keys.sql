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
  -- Since when the job is in a terminal one of them.
  ended_at timestamptz
) WITH (
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);

-- What is over, for the chore.
CREATE INDEX unique_keys_until ON shigoto.unique_keys (until) WHERE until IS NOT NULL;
CREATE INDEX unique_keys_ended ON shigoto.unique_keys (ended_at) WHERE ended_at IS NOT NULL;

-- Takes keys for jobs, in the order of the keys; of several jobs that want the same, the one with the smallest id
-- gets it. A key that an unfinished transaction takes or gives back is waited for, as long as lock_timeout says.
-- The snapshot of a transaction that repeats its reads may be too old to tell who holds a key: then, and when it was
-- waited for too long, they are taken one by one.
-- patient: who waits too long fails. Otherwise it is an answer.
-- Returns the jobs that got theirs, ascending; and those that waited too long.
CREATE FUNCTION shigoto.take_keys(
  wanted shigoto.unique_keys[], patient boolean, OUT taken bigint[], OUT busy bigint[]) LANGUAGE plpgsql AS $$
DECLARE
  one shigoto.unique_keys;
BEGIN
  busy := '{}';
  WITH inserted AS (
    INSERT INTO shigoto.unique_keys (key, job_id, until, states)
    SELECT want.key, want.job_id, want.until, want.states
      FROM unnest(wanted) AS want
     ORDER BY want.key, want.job_id
        ON CONFLICT (key) DO NOTHING
    RETURNING job_id
  )
  SELECT coalesce(array_agg(job_id ORDER BY job_id), '{}') INTO taken FROM inserted;
EXCEPTION WHEN serialization_failure OR lock_not_available OR deadlock_detected THEN
  taken := '{}';
  FOR one IN SELECT want.* FROM unnest(wanted) AS want ORDER BY want.key, want.job_id LOOP
    BEGIN
      INSERT INTO shigoto.unique_keys (key, job_id, until, states)
      VALUES (one.key, one.job_id, one.until, one.states);
      taken := taken || one.job_id;
    EXCEPTION
      WHEN unique_violation THEN
        NULL;
      WHEN lock_not_available OR deadlock_detected THEN
        IF patient THEN
          RAISE;
        END IF;
        busy := busy || one.job_id;
    END;
  END LOOP;
  taken := ARRAY(SELECT id FROM unnest(taken) AS id ORDER BY id);
END $$;

-- Jobs ended: their keys are free, or kept on if they ended in a state in which they hold them. Ordered by id.
-- What is over is left alone: somebody may be taking it away, and is not to be waited for.
CREATE FUNCTION shigoto.release_keys(ended shigoto.ended_job[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  keys   uuid[];
  ids    bigint[];
  finals shigoto.job_state[];
BEGIN
  SELECT array_agg(job.unique_key), array_agg(job.id), array_agg(job.state::shigoto.job_state)
    INTO keys, ids, finals
    FROM unnest(ended) AS job
   WHERE job.unique_key IS NOT NULL;
  IF keys IS NULL THEN
    RETURN;
  END IF;
  DELETE FROM shigoto.unique_keys AS held
   WHERE held.key = ANY (keys)
     AND held.job_id = ids[width_bucket(held.job_id, ids)]
     AND (held.states IS NULL OR NOT finals[width_bucket(held.job_id, ids)] = ANY (held.states))
     AND (held.until IS NULL OR held.until > clock_timestamp());
  UPDATE shigoto.unique_keys AS held
     SET ended_at = now()
   WHERE held.key = ANY (keys)
     AND held.job_id = ids[width_bucket(held.job_id, ids)]
     AND finals[width_bucket(held.job_id, ids)] = ANY (held.states)
     AND (held.until IS NULL OR held.until > clock_timestamp());
END $$;

-- Takes away those of the keys that are over: the period has ended, or the job was removed by nobody of ours. One that
-- somebody else takes away at the same time is left to him.
CREATE FUNCTION shigoto.take_away_keys(keys uuid[]) RETURNS void LANGUAGE sql AS $$
  DELETE FROM shigoto.unique_keys
   WHERE key = ANY (ARRAY(
     SELECT held.key
       FROM shigoto.unique_keys AS held
      WHERE held.key = ANY (keys)
        AND (held.until <= clock_timestamp()
          OR held.ended_at IS NULL AND NOT EXISTS (SELECT FROM shigoto.jobs AS job WHERE job.id = held.job_id))
      ORDER BY held.key
        FOR UPDATE SKIP LOCKED))
$$;
