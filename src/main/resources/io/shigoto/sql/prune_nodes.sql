-- Forgets nodes whose lease ran out an hour ago. Their jobs do not depend on the row: an owner without
-- a row is as lost as one whose lease ran out.
-- $1 how long ago (ms)
-- Locks: the rows, SKIP LOCKED. Relies on: nodes being few.
DELETE FROM shigoto.nodes
 WHERE id = ANY (ARRAY(
   SELECT id FROM shigoto.nodes
    WHERE lease_until < now() - $1::bigint * interval '1 millisecond'
    ORDER BY id
      FOR UPDATE SKIP LOCKED))
RETURNING id
