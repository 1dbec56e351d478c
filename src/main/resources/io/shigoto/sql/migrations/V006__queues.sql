-- What is stored about queues. One of which nothing was ever said has no row.
CREATE TABLE shigoto.queues (
  name       text PRIMARY KEY,
  paused     boolean NOT NULL DEFAULT false,
  changed_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT queues_name CHECK (length(name) BETWEEN 1 AND 255)
);

CREATE INDEX queues_paused ON shigoto.queues (name)
  WHERE paused;

-- Has every node look which queues are paused, whoever changed it.
CREATE FUNCTION shigoto.queue_is_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('shigoto', 'p');
  RETURN NULL;
END $$;

CREATE TRIGGER queue_is_changed AFTER INSERT OR UPDATE OR DELETE ON shigoto.queues
  FOR EACH STATEMENT
  EXECUTE FUNCTION shigoto.queue_is_changed();
