/**
 * In come the settlements of runs that ended, out goes whether each was written: in groups, fenced
 * by the lease of the claim, retried while the database is away. Next: upkeep, for what becomes due
 * again.
 */
@NullMarked
package io.shigoto.internal.settle;

import org.jspecify.annotations.NullMarked;
