/** What people and programs ask about jobs, from any node. */
@NullMarked
package io.shigoto.internal.control;

import org.jspecify.annotations.NullMarked;
