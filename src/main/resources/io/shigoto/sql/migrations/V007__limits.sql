-- Limits of the whole cluster, and queues whose partition keys take turns.

-- A name of a worker whose runs are limited in the whole cluster. Whoever claims of it holds its row.
CREATE TABLE shigoto.limits (
  worker text PRIMARY KEY,
  CONSTRAINT limits_worker CHECK (length(worker) BETWEEN 1 AND 255)
) WITH (fillfactor = 50);

-- What runs of limited workers, and what each partition key runs in a fair queue. Free for all others. The predicates
-- must not follow from the filters of the settling statements (docs/findings.md, "generic plans").
CREATE INDEX jobs_limited ON shigoto.jobs (worker, partition_key)
  WHERE limited AND owner IS NOT NULL;

CREATE INDEX jobs_shares ON shigoto.jobs (queue, partition_key)
  WHERE limited AND owner IS NOT NULL;

-- What may be claimed of each partition key. Jobs without a key are not in it.
CREATE INDEX jobs_by_partition ON shigoto.jobs (queue, worker, partition_key, priority DESC, scheduled_at, id)
  WHERE state = 'available' AND partition_key IS NOT NULL;

-- A rate limit that claims keep (V008). Times are microseconds.
CREATE TYPE shigoto.rate AS (
  rule    text,
  -- Sliding window; all others are buckets that drain evenly.
  sliding boolean,
  permits bigint,
  period  bigint,
  burst   bigint,
  -- For how long a permit is good.
  slack   bigint,
  -- For how long ahead permits are given at once, to a node that spaces the starts by itself; with a burst of 1 only.
  ahead   bigint,
  keyed   boolean
);

-- A name of which a claim may take jobs.
CREATE TYPE shigoto.claimable AS (
  worker       text,
  allowance    integer,
  -- All names of the same worker have the same number; negative: no limit of the cluster holds for it.
  rule         integer,
  names        text[],
  -- How many more of all names may run; NULL: any number.
  room         integer,
  -- Whether it matters which partition key a job has. Of each, so many may run, NULL: any number; and the rate at which
  -- they may start, NULL: any.
  partitioned  boolean,
  each         integer,
  rate         shigoto.rate
);

-- A partition key of which jobs of a worker are available; NULL: jobs without a key.
CREATE TYPE shigoto.claimable_partition AS (
  worker   text,
  key      text,
  -- In which order they have their turns.
  position integer,
  room     integer,
  running  integer,
  -- From when on one may start, if its rate lets none start now.
  free_at  bigint
);

CREATE TYPE shigoto.claimed_job AS (
  id            bigint,
  lease         bigint,
  worker        text,
  attempt       integer,
  max_attempts  integer,
  priority      smallint,
  args          text,
  meta          text,
  tags          text[],
  partition_key text,
  batch_id      bigint,
  depends_on    bigint[],
  inserted_at   bigint,
  scheduled_at  bigint,
  claimed_at    bigint,
  turn          integer,
  note          text
);

-- Enters names that no claim has asked for before, those of all limits of a claim: whoever enters the same one at the same
-- time is waited for, so all enter them in one order, and before they hold any.
CREATE FUNCTION shigoto.enter_limits(names text[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO shigoto.limits (worker)
  SELECT DISTINCT name
    FROM unnest(names) AS given (name)
   WHERE NOT EXISTS (SELECT FROM shigoto.limits WHERE worker = given.name)
   ORDER BY name
      ON CONFLICT DO NOTHING
$$;

-- Locks the limits of a worker, all its names: a node of an older release may know it by another one. In one order, and
-- no further than to the first that somebody else holds; returns whether it got all.
CREATE FUNCTION shigoto.lock_limits(names text[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY(SELECT DISTINCT unnest(names) ORDER BY 1) LOOP
    PERFORM FROM shigoto.limits WHERE worker = name FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
  END LOOP;
  RETURN true;
END $$;

-- Up to so many partition keys of which a worker has jobs that are available, in order, beginning after one (NULL: from
-- the first). Goes from key to key in the index: it costs the same whatever each of them has.
CREATE FUNCTION shigoto.find_partitions(of_queue text, of_worker text, after text, size integer) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
  key text;
BEGIN
  IF after IS NULL THEN
    key := (SELECT partition_key
              FROM shigoto.jobs
             WHERE queue = of_queue AND worker = of_worker AND state = 'available' AND partition_key IS NOT NULL
             ORDER BY partition_key
             LIMIT 1);
  ELSE
    key := (SELECT partition_key
              FROM shigoto.jobs
             WHERE queue = of_queue AND worker = of_worker AND state = 'available' AND partition_key > after
             ORDER BY partition_key
             LIMIT 1);
  END IF;
  IF key IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY
  WITH RECURSIVE found (key, n) AS (
    SELECT key, 1
    UNION ALL
    SELECT next.partition_key, found.n + 1
      FROM found
     CROSS JOIN LATERAL (
        SELECT job.partition_key
          FROM shigoto.jobs AS job
         WHERE job.queue = of_queue
           AND job.worker = of_worker
           AND job.state = 'available'
           AND job.partition_key > found.key
         ORDER BY job.partition_key
         LIMIT 1
      ) AS next
     WHERE found.n < size
  )
  SELECT found.key FROM found;
END $$;

-- Jobs without a partition key among the next ones of a worker in the order of claims: the first hundred, and a
-- thousand from where the last look left off, or ten times as many as the claim may take. They have no index of their own, which everybody would pay for; so behind
-- many jobs with a key they are found look by look.
CREATE TYPE shigoto.keyless_look AS (
  ids   bigint[],
  -- The keys of the jobs at the head.
  keys  text[],
  -- Where the next look goes on; NULL: at the head.
  next  jsonb
);

CREATE FUNCTION shigoto.find_keyless(
  of_queue text, of_worker text, most integer, left_off jsonb, lowest smallint) RETURNS shigoto.keyless_look
LANGUAGE plpgsql AS $$
DECLARE
  head CONSTANT integer := 100;
  reach CONSTANT integer := greatest(1000, 10 * most);
  at_priority  CONSTANT smallint := (left_off ->> 0)::smallint;
  at_time      CONSTANT timestamptz := (left_off ->> 1)::timestamptz;
  at_id        CONSTANT bigint := (left_off ->> 2)::bigint;
  found  shigoto.keyless_look;
  deep   bigint[];
  seen   integer;
  far    jsonb;
BEGIN
  SELECT array_agg(next.id) FILTER (WHERE next.partition_key IS NULL), array_agg(DISTINCT next.partition_key::text),
         count(*), (array_agg(jsonb_build_array(next.priority, next.scheduled_at, next.id)))[count(*)::integer]
    INTO found.ids, found.keys, seen, far
    FROM (
      SELECT job.id, job.priority, job.scheduled_at, job.partition_key
        FROM shigoto.jobs AS job
       WHERE job.queue = of_queue
         AND job.worker = of_worker
         AND job.state = 'available'
         AND job.priority >= lowest
       ORDER BY job.priority DESC, job.scheduled_at, job.id
       LIMIT head
    ) AS next;
  found.ids := coalesce(found.ids, '{}');
  IF seen < head THEN
    RETURN found;
  END IF;
  IF left_off IS NULL THEN
    found.next := far;
    RETURN found;
  END IF;
  SELECT array_agg(next.id) FILTER (WHERE next.partition_key IS NULL), count(*),
         (array_agg(jsonb_build_array(next.priority, next.scheduled_at, next.id)))[count(*)::integer]
    INTO deep, seen, far
    FROM (
      (SELECT job.id, job.priority, job.scheduled_at, job.partition_key
         FROM shigoto.jobs AS job
        WHERE job.queue = of_queue
          AND job.worker = of_worker
          AND job.state = 'available'
          AND job.priority >= lowest
          AND job.priority = at_priority
          AND (job.scheduled_at, job.id) > (at_time, at_id)
        ORDER BY job.priority DESC, job.scheduled_at, job.id
        LIMIT reach)
      UNION ALL
      (SELECT job.id, job.priority, job.scheduled_at, job.partition_key
         FROM shigoto.jobs AS job
        WHERE job.queue = of_queue
          AND job.worker = of_worker
          AND job.state = 'available'
          AND job.priority >= lowest
          AND job.priority < at_priority
        ORDER BY job.priority DESC, job.scheduled_at, job.id
        LIMIT reach)
      LIMIT reach
    ) AS next;
  found.ids := found.ids || ARRAY(SELECT unnest(deep) EXCEPT SELECT unnest(found.ids));
  -- What was found is taken before the look goes on.
  found.next := CASE WHEN deep IS NOT NULL THEN left_off WHEN seen = reach THEN far END;
  RETURN found;
END $$;

-- The partition keys of which a claim may take jobs, in the order of their turns: from the one after the last claim's,
-- once round, jobs without a key in the place of the last. As many as it can use, beside those of which nothing may be
-- taken now; but where rates keep keys from starting, or low priorities are not taken, of which there may be any number,
-- it goes so far at a time.
CREATE TYPE shigoto.partition_look AS (
  partitions shigoto.claimable_partition[],
  -- How far it came; NULL: to the end.
  reached    text,
  -- Whether it saw all.
  whole      boolean
);

CREATE FUNCTION shigoto.look_at_partitions(
  of_queue text, claimable shigoto.claimable[], size integer, fair boolean, start text, heads jsonb, at bigint,
  lowest smallint)
RETURNS shigoto.partition_look
LANGUAGE plpgsql AS $$
DECLARE
  result  shigoto.partition_look;
  found   shigoto.claimable_partition[];
  lap     integer := 0;
  after   text := start;
  bound   text;
  open    integer := 0;
  far     CONSTANT integer := 1000;
  paced   boolean;
BEGIN
  result.partitions := '{}';
  result.whole := false;
  WHILE NOT result.whole AND open < size LOOP
    WITH walked AS MATERIALIZED (
      SELECT one.worker, one.names, one.each, one.rate, next.key, next.n, lap AS lap
        FROM unnest(claimable) AS one
       CROSS JOIN LATERAL shigoto.find_partitions(of_queue, one.worker, after, size) WITH ORDINALITY AS next (key, n)
       WHERE one.partitioned
         AND (lap = 0 OR next.key <= start)
      UNION ALL
      SELECT one.worker, one.names, one.each, one.rate, head.key, 0, -1
        FROM unnest(claimable) AS one
       CROSS JOIN LATERAL jsonb_array_elements_text(heads -> one.worker) AS head (key)
       WHERE result.partitions = '{}'
         AND head.key IS NOT NULL
    ),
    reached AS MATERIALIZED (
      SELECT min(key) FILTER (WHERE n = size) AS key FROM walked
    )
    SELECT array_agg(ROW(walked.worker, walked.key, walked.lap,
             least(walked.each - CASE WHEN walked.each IS NOT NULL THEN
                     (SELECT count(*)
                        FROM shigoto.jobs AS run
                       WHERE run.worker = ANY (walked.names)
                         AND run.partition_key = walked.key
                         AND run.limited
                         AND run.owner IS NOT NULL) END,
                   pace.room),
             CASE WHEN fair THEN
               (SELECT count(*)
                  FROM shigoto.jobs AS run
                 WHERE run.queue = of_queue
                   AND run.partition_key = walked.key
                   AND run.limited
                   AND run.owner IS NOT NULL) ELSE 0 END,
             pace.free_at)::shigoto.claimable_partition),
           min(reached.key), bool_or(pace.free_at IS NOT NULL)
      INTO found, bound, paced
      FROM walked
     CROSS JOIN reached
     CROSS JOIN LATERAL shigoto.look_at_rate(walked.rate, walked.names, walked.key, at) AS pace
     WHERE reached.key IS NULL OR walked.key <= reached.key OR walked.n = 0;
    result.partitions := result.partitions || found;
    open := open + (
      SELECT count(*)
        FROM unnest(found) AS seen
       WHERE (seen.room IS NULL OR seen.room > 0)
         AND (lowest = -32768 OR EXISTS (
                SELECT
                  FROM shigoto.jobs AS job
                 WHERE job.queue = of_queue
                   AND job.worker = seen.worker
                   AND job.state = 'available'
                   AND job.partition_key = seen.key
                   AND job.priority >= lowest)));
    IF bound IS NOT NULL THEN
      after := bound;
      IF lowest > -32768 AND cardinality(result.partitions) >= far THEN
        -- Whoever looks on from where this left off comes to the end of the keys, and that ends the round.
        after := CASE WHEN lap = 0 THEN bound END;
        EXIT;
      END IF;
      EXIT WHEN paced AND cardinality(result.partitions) >= far;
    ELSIF lap = 0 THEN
      result.partitions := result.partitions || ARRAY(
        SELECT ROW(one.worker, NULL, 1, pace.room,
                   CASE WHEN fair THEN
                     (SELECT count(*)
                        FROM shigoto.jobs AS run
                       WHERE run.queue = of_queue
                         AND run.partition_key IS NULL
                         AND run.limited
                         AND run.owner IS NOT NULL) ELSE 0 END,
                   pace.free_at)::shigoto.claimable_partition
          FROM unnest(claimable) AS one
         CROSS JOIN LATERAL shigoto.look_at_rate(one.rate, one.names, '', at) AS pace
         WHERE one.partitioned);
      after := NULL;
      lap := 2;
      result.whole := start IS NULL;
    ELSE
      result.whole := true;
    END IF;
  END LOOP;
  result.reached := after;
  RETURN result;
END $$;

-- What a claim is to take: of these workers and keys so many, in this order.
CREATE TYPE shigoto.claim_share AS (
  worker  text,
  key     text,
  -- Whether it is of jobs with this key, of these jobs without one, or of any jobs of the worker.
  kind    text,
  ids     bigint[],
  size    integer,
  -- The turn of the first of them.
  turn    integer
);

CREATE TYPE shigoto.claim_plan AS (
  shares  shigoto.claim_share[],
  planned integer,
  -- Names of which more would be taken but for a limit of the cluster.
  full_up text[],
  -- Names all of whose other jobs have partition keys of which no more may run, or start now.
  crowded text[],
  -- From when on the first of the keys may start that the rate of a worker keeps from starting now, by its name.
  waits   jsonb,
  more    boolean,
  cursor  jsonb
);

-- Looks, without locks, which jobs a claim is to take. In a fair queue the partition keys take turns: first come those
-- of which the least runs. Otherwise the best come first, as in claim.sql.
CREATE FUNCTION shigoto.plan_claim(
  of_queue text, claimable shigoto.claimable[], most integer, fair boolean, left_off jsonb, at bigint,
  lowest smallint)
RETURNS shigoto.claim_plan
LANGUAGE plpgsql AS $$
DECLARE
  plan     shigoto.claim_plan;
  look     shigoto.partition_look;
  lone     shigoto.keyless_look;
  lone_ids bigint[] := '{}';
  cursors  jsonb := '{}';
  heads    jsonb := '{}';
  asked    shigoto.claimable;
  level    integer;
  served   text;
  by_turn  boolean;
BEGIN
  look.partitions := '{}';
  look.whole := true;
  by_turn := EXISTS (SELECT FROM unnest(claimable) WHERE partitioned);
  IF by_turn THEN
    FOR asked IN SELECT * FROM unnest(claimable) WHERE partitioned LOOP
      lone := shigoto.find_keyless(of_queue, asked.worker, most, left_off -> 'keyless' -> asked.worker, lowest);
      lone_ids := lone_ids || lone.ids;
      IF lone.next IS NOT NULL THEN
        cursors := cursors || jsonb_build_object(asked.worker, lone.next);
      END IF;
      IF NOT fair THEN
        heads := heads || jsonb_build_object(asked.worker, coalesce(to_jsonb(lone.keys), '[]'));
      END IF;
    END LOOP;
    look := shigoto.look_at_partitions(of_queue, claimable, least(500, 2 * most + 16), fair, left_off ->> 'after', heads, at, lowest);
  END IF;
  -- As if there were water in vessels: up to which level they are filled when all have enough. Some may not have: so
  -- twice as much.
  level := (
    SELECT ceil(min((2.0 * most + below) / n))
      FROM (SELECT sum(running) OVER (ORDER BY running ROWS UNBOUNDED PRECEDING) AS below,
                   row_number() OVER (ORDER BY running) AS n
              FROM unnest(look.partitions)
             WHERE (room IS NULL OR room > 0)
               AND (key IS NOT NULL OR lone_ids <> '{}')) AS vessel);

  WITH spot AS MATERIALIZED (
    SELECT DISTINCT ON (worker, key) worker, key, room, running,
           CASE WHEN fair THEN dense_rank() OVER (ORDER BY position, key) ELSE 0 END AS place
      FROM unnest(look.partitions)
     WHERE room IS NULL OR room > 0
     ORDER BY worker, key, position
  ),
  candidate AS MATERIALIZED (
    SELECT one.worker, one.rule, one.allowance, one.room, 'any' AS kind, NULL::text AS key, NULL::integer AS part_room,
           0 AS place, 0 AS running, head.priority, head.scheduled_at, head.id
      FROM unnest(claimable) AS one
     CROSS JOIN LATERAL (
        SELECT job.priority, job.scheduled_at, job.id
          FROM shigoto.jobs AS job
         WHERE job.queue = of_queue
           AND job.worker = one.worker
           AND job.state = 'available'
           AND job.priority >= lowest
         ORDER BY job.priority DESC, job.scheduled_at, job.id
         LIMIT least(one.allowance, one.room + 1, most)
      ) AS head
     WHERE NOT one.partitioned
    UNION ALL
    SELECT one.worker, one.rule, one.allowance, one.room, 'key', spot.key, spot.room,
           spot.place, spot.running, head.priority, head.scheduled_at, head.id
      FROM spot
      JOIN unnest(claimable) AS one ON one.worker = spot.worker
     CROSS JOIN LATERAL (
        SELECT job.priority, job.scheduled_at, job.id
          FROM shigoto.jobs AS job
         WHERE job.queue = of_queue
           AND job.worker = spot.worker
           AND job.state = 'available'
           AND job.priority >= lowest
           AND job.partition_key = spot.key
         ORDER BY job.priority DESC, job.scheduled_at, job.id
         LIMIT least(one.allowance, one.room + 1, spot.room + 1, greatest(1, level - spot.running + 1))
      ) AS head
    UNION ALL
    SELECT one.worker, one.rule, one.allowance, one.room, 'keyless', NULL, spot.room,
           spot.place, spot.running, job.priority, job.scheduled_at, job.id
      FROM shigoto.jobs AS job
      JOIN spot ON spot.worker = job.worker AND spot.key IS NULL
      JOIN unnest(claimable) AS one ON one.worker = spot.worker
     WHERE job.id = ANY (lone_ids)
       AND job.state = 'available'
       AND job.priority >= lowest
  ),
  in_part AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY rule, kind, key ORDER BY priority DESC, scheduled_at, id) AS nth_of_part
      FROM candidate
  ),
  turned AS MATERIALIZED (
    SELECT *,
           CASE WHEN fair THEN
             running + row_number() OVER (PARTITION BY key ORDER BY priority DESC, scheduled_at, id) ELSE 0
           END AS turn
      FROM in_part
     WHERE part_room IS NULL OR nth_of_part <= part_room
  ),
  of_worker AS MATERIALIZED (
    SELECT *,
           row_number() OVER (PARTITION BY worker ORDER BY turn, place, priority DESC, scheduled_at, id) AS nth_of_worker
      FROM turned
  ),
  of_rule AS MATERIALIZED (
    SELECT *,
           row_number() OVER (PARTITION BY rule ORDER BY turn, place, priority DESC, scheduled_at, id) AS nth_of_rule
      FROM of_worker
     WHERE nth_of_worker <= allowance
  ),
  chosen AS MATERIALIZED (
    SELECT *, row_number() OVER (ORDER BY turn, place, priority DESC, scheduled_at, id) AS nth
      FROM of_rule
     WHERE room IS NULL OR nth_of_rule <= room
     ORDER BY nth
     LIMIT most
  ),
  share AS (
    SELECT worker, key, kind, array_agg(id ORDER BY id) AS ids, count(*)::integer AS size, min(turn)::integer AS turn
      FROM chosen
     GROUP BY worker, key, kind
  ),
  blocked AS (
    SELECT DISTINCT worker FROM of_rule WHERE nth_of_rule > room
  ),
  crowded AS (
    SELECT seen.worker
      FROM (SELECT worker FROM in_part WHERE nth_of_part > part_room
            UNION
            SELECT worker FROM unnest(look.partitions) WHERE room <= 0 AND (key IS NOT NULL OR lone_ids <> '{}')) AS seen
     WHERE look.whole
       AND seen.worker NOT IN (SELECT worker FROM blocked)
  )
  SELECT (SELECT array_agg(ROW(worker, key, kind, ids, size, turn)::shigoto.claim_share ORDER BY worker, key) FROM share),
         (SELECT count(*) FROM chosen),
         (SELECT array_agg(worker) FROM blocked),
         (SELECT array_agg(worker) FROM crowded),
         (SELECT jsonb_object_agg(worker, soonest)
            FROM (SELECT worker, min(free_at) AS soonest
                    FROM unnest(look.partitions)
                   WHERE key IS NOT NULL OR lone_ids <> '{}'
                   GROUP BY worker) AS waiting),
         (SELECT key FROM chosen ORDER BY place DESC LIMIT 1),
         (SELECT NOT look.whole OR (by_turn AND count(*) >= most) OR coalesce(bool_or(nth_of_part > level - running), false)
            FROM in_part WHERE kind = 'key' AND nth_of_part <= coalesce(part_room, nth_of_part))
    INTO plan.shares, plan.planned, plan.full_up, plan.crowded, plan.waits, served, plan.more;
  plan.cursor := CASE WHEN by_turn THEN
    jsonb_build_object('after', CASE WHEN fair AND plan.planned > 0 THEN served ELSE look.reached END, 'keyless', cursors) END;
  RETURN plan;
END $$;

-- A note about each of some names, in the form of a claimed job.
CREATE FUNCTION shigoto.claim_notes(note text, names text[], text text) RETURNS SETOF shigoto.claimed_job
LANGUAGE sql AS $$
  SELECT NULL::bigint, NULL::bigint, name, NULL::integer, NULL::integer, NULL::smallint, text, NULL::text, NULL::text[],
         NULL::text, NULL::bigint, NULL::bigint[], NULL::bigint, NULL::bigint, NULL::bigint, NULL::integer, note
    FROM unnest(names) AS name
$$;

-- A worker whose rate a claim keeps.
CREATE TYPE shigoto.paced AS (
  names   text[],
  rate    shigoto.rate,
  -- How many more of its jobs may start, if the rate is for all of them; how many more may run.
  room    integer,
  others  integer
);

-- Notes that these jobs start. Returns how many they are, and, unless it is now, from when on one more may start that
-- could not be taken.
CREATE FUNCTION shigoto.spend_permits(
  of_one shigoto.paced, taken bigint[], at bigint, waits jsonb, OUT starts integer, OUT free_at bigint)
LANGUAGE plpgsql AS $$
DECLARE
  spent record;
BEGIN
  starts := 0;
  free_at := (SELECT min((waits ->> name)::bigint) FROM unnest(of_one.names) AS name);
  FOR spent IN
    SELECT CASE WHEN (of_one.rate).keyed THEN coalesce(job.partition_key, '') ELSE '' END AS key, count(*)::integer AS starts
      FROM shigoto.jobs AS job
     WHERE job.id = ANY (taken)
       AND job.worker = ANY (of_one.names)
     GROUP BY 1
     ORDER BY 1
  LOOP
    starts := starts + spent.starts;
    free_at := least(free_at, shigoto.spend_rate(of_one.rate, of_one.names, spent.key, at, spent.starts));
  END LOOP;
  IF starts = 0 AND NOT (of_one.rate).keyed THEN
    free_at := (SELECT look.free_at FROM shigoto.look_at_rate(of_one.rate, of_one.names, '', at) AS look);
  END IF;
END $$;

-- Claims up to so many jobs of a queue for a node; see claim_limited.sql.
-- limits: for each worker that has limits which claims keep, an object: its "names", all of them; how many of its runs
-- there may be ("most"), and of each partition key ("each"); and at which "rate" they may start (shigoto.rate). What is
-- missing is not limited.
-- Each statement in here sees what was committed before it: so what runs is counted only after the limits are locked,
-- and whoever locks them next counts what was claimed here.
CREATE FUNCTION shigoto.claim_limited(
  of_queue text, workers text[], allowances integer[], node uuid, most integer, limits jsonb, fair boolean, left_off jsonb,
  load bigint, lowest smallint DEFAULT (-32768)::smallint)
RETURNS SETOF shigoto.claimed_job
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_mergejoin = off
SET jit = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  claimable shigoto.claimable[];
  ruled     text[] := '{}';
  rule      record;
  plan      shigoto.claim_plan;
  taken     bigint[];
  turns     integer[];
  counted   boolean[];
  heavy     boolean;
  room      integer;
  now       timestamptz;
  rates     shigoto.paced[] := '{}';
  paced     shigoto.paced;
  pace      record;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'limits of the cluster hold at the isolation level read committed only, not at %',
      current_setting('transaction_isolation') USING ERRCODE = 'feature_not_supported';
  END IF;
  PERFORM shigoto.enter_limits(ARRAY(
    SELECT jsonb_array_elements_text(one -> 'names') FROM jsonb_array_elements(limits) AS each (one)));
  FOR rule IN
    SELECT given.*, n
      FROM jsonb_array_elements(limits) WITH ORDINALITY AS each (one, n)
     CROSS JOIN LATERAL jsonb_to_record(each.one)
             AS given (names text[], most integer, each integer, rate shigoto.rate)
  LOOP
    ruled := ruled || rule.names;
    IF NOT shigoto.lock_limits(rule.names) THEN
      RETURN QUERY SELECT * FROM shigoto.claim_notes('busy', rule.names, NULL);
      CONTINUE;
    END IF;
    room := rule.most - CASE WHEN rule.most IS NOT NULL THEN
      (SELECT count(*) FROM shigoto.jobs AS run WHERE run.worker = ANY (rule.names) AND run.limited AND run.owner IS NOT NULL)
    END;
    IF NOT rule.rate IS NULL THEN
      paced := ROW(rule.names, rule.rate, NULL, room);
      IF NOT (rule.rate).keyed THEN
        paced.room := (SELECT look.room
                         FROM shigoto.look_at_rate(rule.rate, rule.names, '', shigoto.micros(clock_timestamp())) AS look);
        room := least(room, paced.room);
      END IF;
      rates := rates || paced;
    END IF;
    claimable := claimable || ARRAY(
      SELECT ROW(asked.worker, asked.allowance, rule.n, rule.names, CASE WHEN room IS NOT NULL THEN greatest(0, room) END,
                 fair OR rule.each IS NOT NULL OR coalesce((rule.rate).keyed, false), rule.each,
                 CASE WHEN (rule.rate).keyed THEN rule.rate END)::shigoto.claimable
        FROM unnest(workers, allowances) AS asked (worker, allowance)
       WHERE asked.worker = ANY (rule.names));
  END LOOP;
  claimable := claimable || ARRAY(
    SELECT ROW(asked.worker, asked.allowance, -asked.n, NULL, NULL, fair, NULL, NULL)::shigoto.claimable
      FROM unnest(workers, allowances) WITH ORDINALITY AS asked (worker, allowance, n)
     WHERE asked.worker <> ALL (ruled));

  now := clock_timestamp();
  IF NOT EXISTS (SELECT FROM shigoto.nodes WHERE id = node AND lease_until > now)
     OR EXISTS (SELECT FROM shigoto.queues WHERE name = of_queue AND paused) THEN
    RETURN;
  END IF;

  plan := shigoto.plan_claim(of_queue, claimable, most, fair, left_off, shigoto.micros(now), lowest);
  -- After everything that was counted: what the history tells of runs never overlaps if they did not.
  now := clock_timestamp();

  WITH share AS MATERIALIZED (
    SELECT * FROM unnest(plan.shares)
  ),
  any_key AS MATERIALIZED (
    SELECT share.worker, share.key, share.turn, next.*
      FROM share
     CROSS JOIN LATERAL (
        SELECT job.id, job.priority, job.scheduled_at, shigoto.weight(job.args, job.meta) AS weight
          FROM shigoto.jobs AS job
         WHERE job.queue = of_queue
           AND job.worker = share.worker
           AND job.state = 'available'
           AND job.priority >= lowest
         ORDER BY job.priority DESC, job.scheduled_at, job.id
         LIMIT share.size
           FOR UPDATE SKIP LOCKED
      ) AS next
     WHERE share.kind = 'any'
  ),
  of_key AS MATERIALIZED (
    SELECT share.worker, share.key, share.turn, next.*
      FROM share
     CROSS JOIN LATERAL (
        SELECT job.id, job.priority, job.scheduled_at, shigoto.weight(job.args, job.meta) AS weight
          FROM shigoto.jobs AS job
         WHERE job.queue = of_queue
           AND job.worker = share.worker
           AND job.state = 'available'
           AND job.priority >= lowest
           AND job.partition_key = share.key
         ORDER BY job.priority DESC, job.scheduled_at, job.id
         LIMIT share.size
           FOR UPDATE SKIP LOCKED
      ) AS next
     WHERE share.kind = 'key'
  ),
  keyless AS MATERIALIZED (
    SELECT share.worker, share.key, share.turn, job.id, job.priority, job.scheduled_at,
           shigoto.weight(job.args, job.meta) AS weight
      FROM share
      JOIN shigoto.jobs AS job ON job.id = ANY (share.ids)
     WHERE share.kind = 'keyless'
       AND job.state = 'available'
       FOR UPDATE OF job SKIP LOCKED
  ),
  turned AS (
    SELECT id, worker, priority, scheduled_at, weight,
           CASE WHEN fair THEN
             turn + row_number() OVER (PARTITION BY worker, key ORDER BY priority DESC, scheduled_at, id) ELSE 0
           END AS turn
      FROM (SELECT * FROM any_key UNION ALL SELECT * FROM of_key UNION ALL SELECT * FROM keyless) AS locked
  ),
  weighed AS (
    SELECT *, sum(weight) OVER (ORDER BY turn, priority DESC, scheduled_at, id) AS load_so_far FROM turned
  )
  SELECT array_agg(id ORDER BY id) FILTER (WHERE load_so_far - weight < load),
         array_agg(turn ORDER BY id) FILTER (WHERE load_so_far - weight < load),
         array_agg(fair OR worker = ANY (ruled) ORDER BY id) FILTER (WHERE load_so_far - weight < load),
         coalesce(max(load_so_far) > load, false)
    INTO taken, turns, counted, heavy
    FROM weighed;

  FOREACH paced IN ARRAY rates LOOP
    pace := shigoto.spend_permits(paced, taken, shigoto.micros(now), plan.waits);
    IF paced.names && (plan.full_up || plan.crowded) AND pace.free_at IS NOT NULL THEN
      RETURN QUERY SELECT * FROM shigoto.claim_notes('paced', paced.names, (pace.free_at - shigoto.micros(now))::text);
      IF paced.others IS NULL OR paced.others > pace.starts THEN
        plan.full_up := ARRAY(SELECT unnest(plan.full_up) EXCEPT SELECT unnest(paced.names));
      END IF;
    END IF;
  END LOOP;

  RETURN QUERY
  UPDATE shigoto.jobs AS job
     SET state = 'executing',
         owner = node,
         lease = job.lease + 1,
         attempt = job.attempt + 1,
         claimed_at = now,
         limited = CASE WHEN counted[width_bucket(job.id, taken)] THEN true END
   WHERE job.id = ANY (taken)
  RETURNING job.id, job.lease::bigint, job.worker::text, job.attempt::integer, job.max_attempts::integer, job.priority,
            job.args::text, job.meta::text, job.tags::text[], job.partition_key::text, job.batch_id,
            job.depends_on::bigint[],
            (date_part('epoch', job.inserted_at) * 1000000)::bigint,
            (date_part('epoch', job.scheduled_at) * 1000000)::bigint,
            (date_part('epoch', job.claimed_at) * 1000000)::bigint,
            turns[width_bucket(job.id, taken)],
            CASE WHEN NOT 'executing' = ANY (job.unique_states) THEN shigoto.give_up_key(job.unique_key, job.id)::text END;

  RETURN QUERY SELECT * FROM shigoto.claim_notes('full', plan.full_up, NULL);
  RETURN QUERY SELECT * FROM shigoto.claim_notes('crowded', plan.crowded, NULL);
  IF heavy THEN
    RETURN QUERY SELECT * FROM shigoto.claim_notes('too much', '{NULL}', NULL);
  END IF;
  -- Where low priorities are not taken, a look that finds nothing is followed by others until the end of the keys.
  IF plan.planned < most AND plan.more AND (plan.planned > 0 OR lowest = -32768 OR plan.cursor ->> 'after' IS NOT NULL)
     OR coalesce(cardinality(taken), 0) < plan.planned THEN
    RETURN QUERY SELECT * FROM shigoto.claim_notes('more', '{NULL}', NULL);
  END IF;
  IF plan.cursor IS NOT NULL THEN
    RETURN QUERY SELECT * FROM shigoto.claim_notes('left off', '{NULL}', plan.cursor::text);
  END IF;
END $$;
