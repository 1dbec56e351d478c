/**
 * How a cancel reaches a run: it comes in as a mark on the row of a job that this node holds, its
 * subscription is cancelled, and only then is the job settled. Who makes the mark is {@code
 * internal.control}.
 */
@NullMarked
package io.shigoto.internal.cancel;

import org.jspecify.annotations.NullMarked;
