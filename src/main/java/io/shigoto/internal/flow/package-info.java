/**
 * The tiny tools that everything above is built from: {@link io.shigoto.internal.flow.Detached},
 * {@link io.shigoto.internal.flow.Nudge}, {@link io.shigoto.internal.flow.GroupCommit}, {@link
 * io.shigoto.internal.flow.Slots}, {@link io.shigoto.internal.flow.Gate} and {@link
 * io.shigoto.internal.flow.KeepGoing}. They know nothing of jobs or databases.
 */
@NullMarked
package io.shigoto.internal.flow;

import org.jspecify.annotations.NullMarked;
