/**
 * Why a job does not run. In comes an id; one statement looks at everything that could keep the
 * job, and what this node knows better by itself is put in its place; out go all reasons.
 */
@NullMarked
package io.shigoto.internal.explain;

import org.jspecify.annotations.NullMarked;
