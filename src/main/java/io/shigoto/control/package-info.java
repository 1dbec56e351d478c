/** The vocabulary of control: which jobs are meant, and what the answers are. */
@NullMarked
package io.shigoto.control;

import org.jspecify.annotations.NullMarked;
