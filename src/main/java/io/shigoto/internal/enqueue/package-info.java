/**
 * In come {@link io.shigoto.job.NewJob}s, out go {@link io.shigoto.job.Receipt}s of committed rows.
 * Everything that can be refused is refused here, before anything is written. Next: wake.
 */
@NullMarked
package io.shigoto.internal.enqueue;

import org.jspecify.annotations.NullMarked;
