/** Jobs that are enqueued together, some of them after others. */
@NullMarked
package io.shigoto.workflow;

import org.jspecify.annotations.NullMarked;
