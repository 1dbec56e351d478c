/** The front door: {@link io.shigoto.Shigoto} and its builder. */
@NullMarked
package io.shigoto;

import org.jspecify.annotations.NullMarked;
