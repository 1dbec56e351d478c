/** The vocabulary of work: what users write, what it is given, and how it ends. */
@NullMarked
package io.shigoto.worker;

import org.jspecify.annotations.NullMarked;
