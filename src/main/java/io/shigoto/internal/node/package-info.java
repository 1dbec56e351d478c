/**
 * A node, put together of its parts: what stays, what lives as long as a lease, what the
 * application calls.
 *
 * <p>Comes in: {@code Settings}. Goes out: a {@code Node} that starts, stops and says how it is,
 * and its {@code Calls}. Guaranteed: one incarnation at a time, each with a lease and an id of its
 * own.
 */
@NullMarked
package io.shigoto.internal.node;

import org.jspecify.annotations.NullMarked;
