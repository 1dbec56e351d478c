-- Rate limits that hold for the whole cluster, and those that each partition key has for itself. A claim takes a permit
-- for each job that it takes, in the same transaction, while it holds the limits of the worker: so no permit is taken
-- twice, and none is lost with a job that was not taken.
-- A permit is good for a moment only (the "slack" of the limit): whether it may be had is asked for now, and it is
-- noted as if it were used when it ends. So wherever in between the run starts, the limit holds.

-- What has been permitted. Times in the state are microseconds since 1970.
CREATE TABLE shigoto.rates (
  worker        text NOT NULL,
  -- The limit in words: another limit begins anew. One of a single node begins with what only that node says.
  rule          text NOT NULL,
  -- Empty: of all jobs; or of those without a key, if each key has its own.
  partition_key text NOT NULL,
  -- Sliding window: when permits end, oldest first, each followed by how many. All others: the time at which all that
  -- was permitted has drained.
  state         bigint[] NOT NULL,
  written_at    timestamptz NOT NULL,
  -- From when on one more may start.
  free_at       timestamptz NOT NULL,
  -- From when on it is as if there had been none.
  gone_at       timestamptz NOT NULL,
  PRIMARY KEY (worker, rule, partition_key)
) WITH (fillfactor = 50);

CREATE FUNCTION shigoto.micros(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT (date_part('epoch', at) * 1000000)::bigint
$$;

CREATE FUNCTION shigoto.of_micros(at bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT to_timestamp(0) + at * interval '1 microsecond'
$$;

-- When a bucket has drained. What is further ahead than can be was noted by a clock that has been put back since.
CREATE FUNCTION shigoto.rate_drained(rate shigoto.rate, state bigint[], at bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN state[1] > at + rate.burst * rate.period / rate.permits + 60000000 THEN 0 ELSE coalesce(state[1], 0) END
$$;

-- What still counts of the permits of a window, in the same form.
CREATE FUNCTION shigoto.rate_window(rate shigoto.rate, state bigint[], at bigint) RETURNS bigint[]
LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(state[i] ORDER BY i), '{}')
    FROM generate_subscripts(state, 1) AS i
   WHERE state[i - 1 + i % 2] BETWEEN at - rate.period + 1 AND at + rate.period + 60000000
$$;

-- How many may start now.
CREATE FUNCTION shigoto.rate_room(rate shigoto.rate, state bigint[], at bigint) RETURNS integer
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  ahead bigint;
  live  bigint[];
BEGIN
  IF rate.sliding THEN
    live := shigoto.rate_window(rate, state, at);
    RETURN greatest(0, rate.permits - coalesce((SELECT sum(live[i]) FROM generate_series(2, cardinality(live), 2) AS i), 0));
  END IF;
  ahead := greatest(0, shigoto.rate_drained(rate, state, at) - at);
  IF rate.ahead > 0 THEN
    RETURN CASE WHEN ahead = 0 THEN 1 + rate.ahead * rate.permits / rate.period ELSE 0 END;
  END IF;
  RETURN greatest(0, (rate.burst * rate.period - ahead * rate.permits) / rate.period);
END $$;

-- The state after so many permits. Those of a window that end in the same part of it share an entry, as if they all
-- ended with the part.
CREATE FUNCTION shigoto.rate_spent(rate shigoto.rate, state bigint[], at bigint, starts integer) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  parts  CONSTANT integer := 32;
  ends   bigint := at + rate.slack;
  share  bigint;
  live   bigint[];
  last   integer;
BEGIN
  IF NOT rate.sliding THEN
    RETURN ARRAY[greatest(shigoto.rate_drained(rate, state, at), ends)
                 + (starts * rate.period + rate.permits - 1) / rate.permits];
  END IF;
  live := shigoto.rate_window(rate, state, at);
  last := cardinality(live);
  share := CASE WHEN rate.permits <= parts THEN 1 ELSE rate.period / parts END;
  ends := (ends + share - 1) / share * share;
  IF last > 0 AND live[last - 1] >= ends THEN
    live[last] := live[last] + starts;
    RETURN live;
  END IF;
  RETURN live || ends || starts::bigint;
END $$;

-- From when on one more may start, if none does before; long ago if nothing was permitted yet.
CREATE FUNCTION shigoto.rate_free_at(rate shigoto.rate, state bigint[]) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  over bigint;
BEGIN
  IF state IS NULL THEN
    RETURN 0;
  ELSIF NOT rate.sliding THEN
    RETURN state[1] - (rate.burst - 1) * rate.period / rate.permits;
  END IF;
  over := (SELECT sum(state[i]) FROM generate_series(2, cardinality(state), 2) AS i) - rate.permits;
  FOR i IN 1 .. cardinality(state) BY 2 LOOP
    IF over < 0 THEN
      RETURN CASE WHEN i = 1 THEN 0 ELSE state[i - 2] + rate.period END;
    END IF;
    over := over - state[i + 1];
  END LOOP;
  RETURN state[cardinality(state) - 1] + rate.period;
END $$;

-- What has been permitted of a worker: what whoever knows most of its names has noted last.
CREATE FUNCTION shigoto.rate_state(of_rule text, names text[], key text) RETURNS bigint[] LANGUAGE sql STABLE AS $$
  SELECT state
    FROM shigoto.rates
   WHERE worker = ANY (names) AND rule = of_rule AND partition_key = key
   ORDER BY written_at DESC
   LIMIT 1
$$;

-- How many may start now, and from when on if none may; one row, of NULLs if there is no rate. Of many keys most may be
-- looked at and not start, so that is found out first.
CREATE FUNCTION shigoto.look_at_rate(rate shigoto.rate, names text[], key text, at bigint)
RETURNS TABLE (room integer, free_at bigint)
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN rate.rule IS NULL THEN NULL WHEN noted.blocks THEN 0 ELSE shigoto.rate_room(rate, noted.state, at) END,
         CASE WHEN noted.blocks THEN noted.free END
    FROM (VALUES (1)) AS one
    LEFT JOIN LATERAL (
       SELECT past.state, past.free,
              past.free > at AND past.free <= at + rate.period + rate.burst * rate.period / rate.permits + 60000000 AS blocks
         FROM (SELECT pace.state, pace.written_at, shigoto.micros(pace.free_at) AS free
                 FROM shigoto.rates AS pace
                WHERE pace.worker = ANY (names) AND pace.rule = rate.rule AND pace.partition_key = key
                ORDER BY pace.written_at DESC
                LIMIT 1) AS past
      ) AS noted ON true
$$;

-- Notes that so many may start, under all names; returns from when on one more may, or NULL if it may at once.
CREATE FUNCTION shigoto.spend_rate(of_rate shigoto.rate, names text[], key text, at bigint, starts integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  spent CONSTANT bigint[] := shigoto.rate_spent(of_rate, shigoto.rate_state(of_rate.rule, names, key), at, starts);
  free  CONSTANT bigint := shigoto.rate_free_at(of_rate, spent);
  gone  CONSTANT bigint := CASE WHEN of_rate.sliding THEN spent[cardinality(spent) - 1] + of_rate.period ELSE spent[1] END;
BEGIN
  INSERT INTO shigoto.rates (worker, rule, partition_key, state, written_at, free_at, gone_at)
  SELECT name, of_rate.rule, key, spent, shigoto.of_micros(at), shigoto.of_micros(free), shigoto.of_micros(gone)
    FROM unnest(names) AS name
   ORDER BY name
      ON CONFLICT (worker, rule, partition_key) DO UPDATE
     SET state = EXCLUDED.state,
         written_at = EXCLUDED.written_at,
         free_at = EXCLUDED.free_at,
         gone_at = EXCLUDED.gone_at;
  RETURN CASE WHEN free > at THEN free END;
END $$;
