-- Pauses or resumes a queue, whether any node serves it or not. Twice is once.
-- $1 queue  $2 whether it is paused
-- A trigger has the nodes look at the commit.
-- Locks: its own row. Relies on: queues_pkey.
INSERT INTO shigoto.queues AS stored (name, paused)
VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET paused = excluded.paused, changed_at = now()
 WHERE stored.paused <> excluded.paused
RETURNING name
