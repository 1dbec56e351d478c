/**
 * Reads jobs, live or ended: one by its id, its state, or pages of those that a filter means. In
 * come ids and filters, out go jobs; nothing is locked and nothing changes. And looks whether the
 * database answers ({@link io.shigoto.internal.find.DatabaseLook}), and for which jobs nobody is
 * there ({@link io.shigoto.internal.find.Unserved}).
 */
@NullMarked
package io.shigoto.internal.find;

import org.jspecify.annotations.NullMarked;
