/**
 * What a node knows: its workers, what they say of themselves when it is built, and which limits
 * keep it from claiming. In come workers; out go names, defaults and limits, checked.
 */
@NullMarked
package io.shigoto.internal.known;

import org.jspecify.annotations.NullMarked;
