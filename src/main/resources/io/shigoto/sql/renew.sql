-- Renews a node's lease, unless it has run out: then nothing is returned, and it never comes back.
-- $1 node  $2 lease (ms)
-- Locks: its own row. Relies on: nodes_pkey.
UPDATE shigoto.nodes
   SET lease_until = now() + $2::bigint * interval '1 millisecond'
 WHERE id = $1::uuid
   AND lease_until > now()
RETURNING id
