/** The vocabulary inside: what is handed from claim to run to settle, and who is told. */
@NullMarked
package io.shigoto.internal.job;

import org.jspecify.annotations.NullMarked;
