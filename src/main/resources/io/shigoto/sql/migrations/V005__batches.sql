-- Batches: jobs that are counted together, and a callback when the last of them has ended.

CREATE TABLE shigoto.batches (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  total       bigint NOT NULL DEFAULT 0,
  completed   bigint NOT NULL DEFAULT 0,
  discarded   bigint NOT NULL DEFAULT 0,
  cancelled   bigint NOT NULL DEFAULT 0,
  opened_at   timestamptz NOT NULL DEFAULT now(),
  -- From now on no job joins, and its total is exact.
  sealed_at   timestamptz,
  -- All its jobs have ended, and its callback is a job. From now on nothing changes any more.
  finished_at timestamptz,
  callback_id bigint,
  callback    shigoto.new_job NOT NULL,
  CONSTRAINT batches_finished CHECK (
    (finished_at IS NULL) = (callback_id IS NULL)
    AND (finished_at IS NULL OR (sealed_at IS NOT NULL AND completed + discarded + cancelled = total)))
) WITH (fillfactor = 50);

-- What is old enough to be forgotten.
CREATE INDEX batches_finished_at ON shigoto.batches (finished_at) WHERE finished_at IS NOT NULL;

-- What is still to be added to the counts of a batch: whoever adds a job to it, and a job that ends in a transaction
-- that is not ours, leave it here and do not wait for anybody. Only who holds the lock of the batch takes it away.
CREATE TABLE shigoto.loose_counts (
  id        bigint GENERATED ALWAYS AS IDENTITY,
  batch_id  bigint NOT NULL,
  total     bigint NOT NULL DEFAULT 0,
  completed bigint NOT NULL DEFAULT 0,
  discarded bigint NOT NULL DEFAULT 0,
  cancelled bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (batch_id, id)
) WITH (
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_cost_delay = 0
);

-- Adds to the counts of batches, in the order of their ids, and finishes those that are complete by that.
-- counts: one for each batch, ascending by batch. A batch that has finished stays as it is.
-- Returns what the nodes are to be told after the commit.
-- Locks: the batches, in the order of their ids.
CREATE FUNCTION shigoto.add_counts(counts shigoto.loose_counts[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[] := ARRAY(SELECT batch_id FROM unnest(counts) WITH ORDINALITY ORDER BY ordinality);
BEGIN
  IF cardinality(ids) > 1 THEN
    PERFORM FROM shigoto.batches WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE;
  END IF;
  UPDATE shigoto.batches AS batch
     SET total = batch.total + (counts[width_bucket(batch.id, ids)]).total,
         completed = batch.completed + (counts[width_bucket(batch.id, ids)]).completed,
         discarded = batch.discarded + (counts[width_bucket(batch.id, ids)]).discarded,
         cancelled = batch.cancelled + (counts[width_bucket(batch.id, ids)]).cancelled
   WHERE batch.id = ANY (ids)
     AND batch.finished_at IS NULL;
  RETURN shigoto.finish_batches(ids);
END $$;

-- Inserts the callbacks of batches whose jobs have all ended: each once, because only one transaction finds its batch
-- complete and not yet finished.
-- Returns what the nodes are to be told after the commit. Locks: the batches, which the caller has locked.
CREATE FUNCTION shigoto.finish_batches(ids bigint[]) RETURNS text[] LANGUAGE plpgsql SET shigoto.notify = 'off' AS $$
DECLARE
  told text[];
BEGIN
  WITH finished AS (
    UPDATE shigoto.batches
       SET finished_at = now(),
           callback_id = nextval('shigoto.jobs_id_seq')
     WHERE id = ANY (ids)
       AND sealed_at IS NOT NULL
       AND finished_at IS NULL
       AND completed + discarded + cancelled = total
    RETURNING id, total, completed, discarded, cancelled, callback_id, (callback).*
  ),
  inserted AS (
    INSERT INTO shigoto.jobs AS job (id, queue, worker, args, priority, max_attempts, meta, tags, partition_key)
    SELECT callback_id, queue, worker,
           jsonb_build_object('id', id, 'total', total, 'completed', completed, 'discarded', discarded,
                              'cancelled', cancelled, 'args', args),
           priority, max_attempts, meta, tags, partition_key
      FROM finished
     ORDER BY id
    RETURNING job.id, job AS callback
  )
  SELECT array_agg('q' || finished.queue)
         || array_agg(shigoto.aftermath('batch_completed', inserted.callback, finished.total, finished.id::text))
    INTO told
    FROM inserted
    JOIN finished ON finished.callback_id = inserted.id;
  RETURN coalesce(told, '{}');
END $$;

-- Jobs ended, ascending by id: their batches count them. If one of these is held by others for longer than lock_timeout
-- says, such as by a transaction that seals it and stays open, they will.
CREATE FUNCTION shigoto.count_ended(ended shigoto.ended_job[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  counts shigoto.loose_counts[] := shigoto.counts_of(ended);
BEGIN
  IF counts IS NULL THEN
    RETURN '{}';
  END IF;
  RETURN shigoto.add_counts(counts);
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
  INSERT INTO shigoto.loose_counts (batch_id, total, completed, discarded, cancelled)
  SELECT batch_id, total, completed, discarded, cancelled FROM unnest(counts);
  RETURN '{d0}';
END $$;

-- What jobs that ended add to their batches, ascending by batch; NULL if none of them has one.
CREATE FUNCTION shigoto.counts_of(ended shigoto.ended_job[]) RETURNS shigoto.loose_counts[] LANGUAGE sql AS $$
  SELECT array_agg(ROW(NULL, batch_id, 0, completed, discarded, cancelled)::shigoto.loose_counts ORDER BY batch_id)
    FROM (SELECT batch_id,
                 count(*) FILTER (WHERE state = 'completed') AS completed,
                 count(*) FILTER (WHERE state = 'discarded') AS discarded,
                 count(*) FILTER (WHERE state = 'cancelled') AS cancelled
            FROM unnest(ended)
           WHERE batch_id IS NOT NULL
           GROUP BY batch_id) AS batch
$$;

-- Takes away what was left to be added to batches that the caller has locked, and adds it.
CREATE FUNCTION shigoto.take_counts(ids bigint[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  counts shigoto.loose_counts[];
BEGIN
  WITH taken AS (
    DELETE FROM shigoto.loose_counts WHERE batch_id = ANY (ids) RETURNING *
  )
  SELECT array_agg(ROW(NULL, batch_id, total, completed, discarded, cancelled)::shigoto.loose_counts ORDER BY batch_id)
    INTO counts
    FROM (SELECT batch_id, sum(total) AS total, sum(completed) AS completed, sum(discarded) AS discarded,
                 sum(cancelled) AS cancelled
            FROM taken
           GROUP BY batch_id) AS batch;
  RETURN CASE WHEN counts IS NULL THEN shigoto.finish_batches(ids) ELSE shigoto.add_counts(counts) END;
END $$;

-- Adds what was left to be added, from batch to batch, however much each has: so many at most, behind one.
-- Returns what the nodes are to be told after the commit, whether something is left because others hold a batch, and the
-- batch behind which it goes on; NULL if there are no more.
-- Locks: the batches, SKIP LOCKED: another node does the same.
CREATE FUNCTION shigoto.fold_counts(most integer, behind bigint, OUT told text[], OUT held boolean, OUT last bigint)
LANGUAGE plpgsql AS $$
DECLARE
  ids       bigint[];
  free      bigint[];
  forgotten bigint[];
BEGIN
  told := '{}';
  ids := ARRAY(
    WITH RECURSIVE batch AS (
      (SELECT batch_id AS id FROM shigoto.loose_counts WHERE batch_id > behind ORDER BY batch_id LIMIT 1)
       UNION ALL
      SELECT (SELECT batch_id FROM shigoto.loose_counts WHERE batch_id > batch.id ORDER BY batch_id LIMIT 1)
        FROM batch
       WHERE batch.id IS NOT NULL
    )
    SELECT id FROM batch WHERE id IS NOT NULL LIMIT most);
  last := ids[most];
  free := ARRAY(SELECT id FROM shigoto.batches WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED);
  IF free <> '{}' THEN
    told := shigoto.take_counts(free);
  END IF;
  IF cardinality(free) < cardinality(ids) THEN
    forgotten := ARRAY(
      SELECT id
        FROM unnest(ids) AS loose (id)
       WHERE free[width_bucket(loose.id, free)] IS DISTINCT FROM loose.id
         AND (SELECT batch.id FROM shigoto.batches AS batch WHERE batch.id = loose.id LIMIT 1) IS NULL);
    DELETE FROM shigoto.loose_counts WHERE batch_id = ANY (forgotten);
  END IF;
  held := cardinality(ids) > cardinality(free) + coalesce(cardinality(forgotten), 0);
END $$;

-- Seals a batch: whoever adds to it at this moment is waited for, nobody can any more.
-- at_commit: the transaction is a caller's, its commit tells the nodes.
-- Returns what the nodes are to be told after the commit; NULL if there is no such batch.
-- Locks: the batch.
CREATE FUNCTION shigoto.seal_batch(batch bigint, at_commit boolean) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  told text[];
BEGIN
  PERFORM FROM shigoto.batches WHERE id = batch FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  UPDATE shigoto.batches SET sealed_at = now() WHERE id = batch AND sealed_at IS NULL;
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    -- The snapshot may be older than jobs that are in the batch: a node counts, after the commit.
    INSERT INTO shigoto.loose_counts (batch_id) VALUES (batch);
    PERFORM pg_notify('shigoto', 'd0');
    RETURN '{}';
  END IF;
  told := shigoto.take_counts(ARRAY[batch]);
  IF at_commit THEN
    -- Whoever was to count meanwhile has left it.
    PERFORM pg_notify('shigoto', message) FROM unnest(told || 'd0'::text) AS message WHERE message SIMILAR TO '[qd]%';
    RETURN '{}';
  END IF;
  RETURN told;
END $$;

-- Jobs that had ended live again, ascending by id: their batches wait for them again, unless they have finished.
CREATE FUNCTION shigoto.uncount(retried shigoto.ended_job[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  counts shigoto.loose_counts[] := shigoto.counts_of(retried);
BEGIN
  IF counts IS NOT NULL THEN
    PERFORM shigoto.add_counts(ARRAY(
      SELECT ROW(NULL, batch_id, 0, -completed, -discarded, -cancelled)::shigoto.loose_counts
        FROM unnest(counts)
       ORDER BY batch_id));
  END IF;
END $$;

-- Jobs ended in a transaction that is not ours: those that wait for them and their batches hear of it after the commit.
CREATE FUNCTION shigoto.leave_loose_ends(ended shigoto.ended_job[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO shigoto.loose_ends (parent_id)
  SELECT job.id FROM unnest(ended) AS job WHERE job.watched ORDER BY job.id;
  INSERT INTO shigoto.loose_counts (batch_id, total, completed, discarded, cancelled)
  SELECT batch_id, total, completed, discarded, cancelled FROM unnest(shigoto.counts_of(ended));
  PERFORM pg_notify('shigoto', 'd0');
END $$;
