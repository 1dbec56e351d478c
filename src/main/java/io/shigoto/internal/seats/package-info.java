/**
 * In comes which queues of a node have work, out comes how many of the node's slots each of them
 * has: never more in all than there are, by their weights, and none stands empty for a queue that
 * cannot use it.
 */
@NullMarked
package io.shigoto.internal.seats;

import org.jspecify.annotations.NullMarked;
