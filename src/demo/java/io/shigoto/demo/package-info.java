/**
 * The demo: counts the lines, words and bytes of every file below a folder, one job per file, on
 * two nodes. {@code ./mvnw -Pdemo -Dinput=DIR}
 *
 * <p>Read {@link io.shigoto.demo.Main} first, then {@link io.shigoto.demo.CountFile}, which is the
 * worker.
 */
@NullMarked
package io.shigoto.demo;

import org.jspecify.annotations.NullMarked;
