-- Tells whether a queue is at rest, as far as was committed.
-- $1 queue
-- Returns whether it is paused, and whether any node holds a job of it.
-- Locks: none. Relies on: queues_paused, jobs_owned; on what runs being bounded by what nodes may run.
SELECT EXISTS (SELECT FROM shigoto.queues WHERE name = $1 AND paused) AS paused,
       (SELECT id FROM shigoto.jobs WHERE owner IS NOT NULL AND queue = $1 ORDER BY owner LIMIT 1) IS NOT NULL AS running
