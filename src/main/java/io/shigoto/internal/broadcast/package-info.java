/**
 * Messages that every node handles. In come payloads, which are published in groups; on each node
 * its receivers are called, once for every message that was committed while the node lived and, as
 * long as nothing fails, no more than once.
 */
@NullMarked
package io.shigoto.internal.broadcast;

import org.jspecify.annotations.NullMarked;
