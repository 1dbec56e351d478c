/**
 * In comes what claims tell of waiting and of the database, out comes the lowest priority that may
 * be claimed. It always comes down again by itself.
 */
@NullMarked
package io.shigoto.internal.shed;

import org.jspecify.annotations.NullMarked;
