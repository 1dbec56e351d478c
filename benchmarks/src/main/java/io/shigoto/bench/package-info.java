/**
 * Measures the library beside its limit and its peers.
 *
 * <p>The orchestrator owns the server, makes a fresh database for each run, and tells the subjects,
 * each in a JVM of its own, what to do. What is done is what the database says.
 */
@NullMarked
package io.shigoto.bench;

import org.jspecify.annotations.NullMarked;
