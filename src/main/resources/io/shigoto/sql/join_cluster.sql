-- Makes this node a member: its lease starts now. Twice is once: the answer to the first try may have been lost.
-- $1 node  $2 name  $3 lease (ms)  $4 queues  $5 workers
-- Locks: its own row. Relies on: nodes_pkey.
INSERT INTO shigoto.nodes (id, name, lease_until, queues, workers)
VALUES ($1::uuid, $2, now() + $3::bigint * interval '1 millisecond', $4::text[], $5::text[])
    ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until
