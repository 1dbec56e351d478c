-- Waits for the claims that are under way, of any queue, for an instant.
-- $1 true; a statement without a parameter would be another kind of statement to the driver
-- Returns whether they are over; if not, it is to be asked again.
-- Locks: shigoto.queues, for an instant, once no claim reads it. Relies on: nothing.
SELECT shigoto.await_claims() AND $1::boolean AS over
