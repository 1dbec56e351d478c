/**
 * In come claimed jobs, out come settlements: what is to be written about each. One run is one
 * Mono. Next: settle.
 */
@NullMarked
package io.shigoto.internal.run;

import org.jspecify.annotations.NullMarked;
