/**
 * The reasons to look for work: notifications, what this node enqueued or settled itself, and the
 * poll behind them. None carries data; losing one costs a poll period. Next: claim.
 */
@NullMarked
package io.shigoto.internal.wake;

import org.jspecify.annotations.NullMarked;
