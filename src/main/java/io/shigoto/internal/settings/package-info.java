/**
 * What the builder was told about a node, checked when it was told.
 *
 * <p>Comes in: what the application says. Goes out: {@code Settings}, complete, for {@code
 * internal.node}.
 */
@NullMarked
package io.shigoto.internal.settings;

import org.jspecify.annotations.NullMarked;
