-- What is stored about queues. One of which nothing was ever said has no row.
CREATE TABLE shigoto.queues (
  name       text PRIMARY KEY,
  paused     boolean NOT NULL DEFAULT false,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT queues_name CHECK (length(name) BETWEEN 1 AND 255)
);

CREATE INDEX queues_paused ON shigoto.queues (name)
  WHERE paused;

-- Waits for the claims that are under way: each of them reads this table. Those that begin later see whatever was
-- committed before, and are kept waiting for an instant at most.
-- Returns whether they are over; false if somebody reads this table for longer than that.
CREATE FUNCTION shigoto.await_claims() RETURNS boolean LANGUAGE plpgsql SET lock_timeout = '50ms' AS $$
BEGIN
  LOCK TABLE shigoto.queues IN ACCESS EXCLUSIVE MODE;
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;

-- Has every node look which queues are paused, whoever changed it.
CREATE FUNCTION shigoto.queue_is_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('shigoto', 'p');
  RETURN NULL;
END $$;

CREATE TRIGGER queue_is_changed AFTER INSERT OR UPDATE OR DELETE ON shigoto.queues
  FOR EACH STATEMENT
  EXECUTE FUNCTION shigoto.queue_is_changed();
