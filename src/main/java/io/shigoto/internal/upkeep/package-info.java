/**
 * What keeps the house in order while queues run: the node's lease, promotion of due jobs, rescue
 * of lost runs, the self-audit, the poll behind the notifications, and the days of history.
 */
@NullMarked
package io.shigoto.internal.upkeep;

import org.jspecify.annotations.NullMarked;
