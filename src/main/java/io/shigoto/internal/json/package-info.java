/**
 * Values to JSON text that PostgreSQL can hold, and back. Its errors name paths and types, never
 * values.
 */
@NullMarked
package io.shigoto.internal.json;

import org.jspecify.annotations.NullMarked;
