/**
 * In come the ids of jobs for whose end callers wait, out goes how each ended: told by
 * notification, with one poll behind it, whatever the number of callers.
 */
@NullMarked
package io.shigoto.internal.await;

import org.jspecify.annotations.NullMarked;
