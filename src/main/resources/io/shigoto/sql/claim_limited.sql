-- Claims as claim.sql does, where a limit of the whole cluster holds for some of the workers, or a rate for each of their
-- partition keys, or the queue is fair.
-- $1 queue  $2 workers  $3 allowances (how many of each worker at most)  $4 node  $5 limit
-- $6 limits (JSON, an object whose "limits" claim_limited in V007 describes; its "lowest" is the lowest priority)  $7 whether partition keys take turns
-- $8 where the last claim of this queue by this node left off (JSON, NULL: nowhere)
-- $9 how much they may weigh, as in claim.sql
-- Returns the claimed jobs as claim.sql does. And rows without numbers, with a note about a worker:
-- 'busy', somebody else claims of it just now; 'full', its jobs wait for the end of others; 'crowded', those of this queue
-- do, for the end of others with their partition keys; 'paced', its jobs wait for their rate, so many microseconds, in the
-- place of the args; or about the claim:
-- 'more', there may be more of what was asked for; 'left off', and where, in the place of the args.
-- Locks: the rows of the limits and those taken, SKIP LOCKED. Relies on: jobs_claim, jobs_by_partition, jobs_limited,
-- jobs_shares, nodes_pkey, queues_paused, limits_pkey, rates_pkey.
SELECT CASE WHEN id IS NOT NULL
            THEN concat_ws(' ', id, lease, attempt, max_attempts, priority, inserted_at, scheduled_at, claimed_at) END AS numbers,
       worker, args, meta, tags, partition_key, batch_id, depends_on, turn, note
  FROM shigoto.claim_limited($1, $2::text[], $3::integer[], $4::uuid, $5::integer, $6::jsonb -> 'limits', $7::boolean, $8::jsonb, $9::bigint,
                             coalesce(($6::jsonb ->> 'lowest')::smallint, (-32768)::smallint))
