/**
 * What may start now: rules as immutable states with one pure function each, and beside them what a
 * node keeps of them for its workers. In comes what a queue would like to claim, out come the
 * allowances of that claim. Next: claim.
 */
@NullMarked
package io.shigoto.internal.limit;

import org.jspecify.annotations.NullMarked;
