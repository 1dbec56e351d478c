/**
 * What a node keeps of limits: how many jobs of each worker may be claimed now, and who waits for
 * more. In comes what a queue would like to claim, out come the allowances of that claim, and a
 * permit for each job that it brought. Next: claim.
 */
@NullMarked
package io.shigoto.internal.permit;

import org.jspecify.annotations.NullMarked;
