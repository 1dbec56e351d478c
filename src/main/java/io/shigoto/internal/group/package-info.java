/**
 * Jobs that are enqueued together: in come workflows and batches, out go receipts. All of it is
 * written in one transaction. Next: wake.
 */
@NullMarked
package io.shigoto.internal.group;

import org.jspecify.annotations.NullMarked;
