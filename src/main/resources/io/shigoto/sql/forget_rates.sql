-- Forgets what has been permitted to start and no longer counts.
-- $1 for how long it is kept after that (ms)  $2 how many at most
-- Locks: the rows, SKIP LOCKED. Relies on: nothing, it reads all of them.
DELETE FROM shigoto.rates
 WHERE ctid = ANY (ARRAY(
         SELECT ctid
           FROM shigoto.rates
          WHERE gone_at < now() - $1::bigint * interval '1 millisecond'
          LIMIT $2::integer
            FOR UPDATE SKIP LOCKED))
RETURNING worker
