/** Breaks the library on purpose, and sees that its tests notice. */
@NullMarked
package io.shigoto.mutants;

import org.jspecify.annotations.NullMarked;
