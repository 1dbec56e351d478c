/** Messages that every node handles: what is said, and who is told. */
@NullMarked
package io.shigoto.broadcast;

import org.jspecify.annotations.NullMarked;
