/**
 * In comes the room that a queue has, out come the jobs that may fill it: claimed, leased, and not
 * yet decoded. Nothing is claimed to be given back. Next: run.
 */
@NullMarked
package io.shigoto.internal.claim;

import org.jspecify.annotations.NullMarked;
