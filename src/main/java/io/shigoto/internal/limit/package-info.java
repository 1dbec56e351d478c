/**
 * Rules about what may start, each an immutable state and pure functions of it: rates, circuit
 * breakers, shares. They know no clock, no thread and no database.
 */
@NullMarked
package io.shigoto.internal.limit;

import org.jspecify.annotations.NullMarked;
