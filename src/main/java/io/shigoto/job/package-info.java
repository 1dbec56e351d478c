/** The vocabulary of jobs: what is asked for, what was answered, and what can be read back. */
@NullMarked
package io.shigoto.job;

import org.jspecify.annotations.NullMarked;
