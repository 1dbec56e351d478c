/** Threads of a node that take from one queue, what is given to them, and what is heard on them. */
@NullMarked
package io.shigoto.internal.thread;

import org.jspecify.annotations.NullMarked;
