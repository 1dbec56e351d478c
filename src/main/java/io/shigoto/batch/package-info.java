/** Jobs that are counted together, and a callback when the last of them has ended. */
@NullMarked
package io.shigoto.batch;

import org.jspecify.annotations.NullMarked;
