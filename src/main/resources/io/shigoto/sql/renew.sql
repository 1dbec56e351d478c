-- Renews a node's lease, unless it has run out: then nothing is returned, and it never comes back.
-- $1 node  $2 lease (ms)  $3 what it tells of itself (JSON)
-- Locks: its own row. Relies on: nodes_pkey.
UPDATE shigoto.nodes
   SET lease_until = now() + $2::bigint * interval '1 millisecond',
       state = $3::jsonb,
       told_at = now()
 WHERE id = $1::uuid
   AND lease_until > now()
RETURNING id
