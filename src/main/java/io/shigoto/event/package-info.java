/** What the engine tells while it works. */
@NullMarked
package io.shigoto.event;

import org.jspecify.annotations.NullMarked;
