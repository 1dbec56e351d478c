/**
 * The only package that issues statements. {@link io.shigoto.internal.postgres.Database} is the
 * funnel: it acquires, runs and releases to the end whatever its caller does, with a deadline of
 * its own, and hands out results only after they have been collected.
 */
@NullMarked
package io.shigoto.internal.postgres;

import org.jspecify.annotations.NullMarked;
