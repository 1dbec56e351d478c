/**
 * What travels from the Reactor Context of an enqueue to that of the runs, in the job's meta. In
 * comes the Context of a caller, out go fields of JSON; and the other way round.
 */
@NullMarked
package io.shigoto.internal.context;

import org.jspecify.annotations.NullMarked;
