/** The house rules that a machine can watch. */
@NullMarked
package io.shigoto.rules;

import org.jspecify.annotations.NullMarked;
