/**
 * What has ended, day by day. Each day of the history is a partition, made before it comes and
 * dropped when nobody wants to keep any of its jobs; while some are kept, the others are deleted
 * from it, once. In comes how long jobs are kept, of each terminal state.
 */
@NullMarked
package io.shigoto.internal.history;

import org.jspecify.annotations.NullMarked;
