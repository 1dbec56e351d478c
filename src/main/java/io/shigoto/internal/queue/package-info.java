/** One running queue is one Flux: claims, runs, settlements. */
@NullMarked
package io.shigoto.internal.queue;

import org.jspecify.annotations.NullMarked;
