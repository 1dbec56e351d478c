/**
 * What tests stand on: a real PostgreSQL, a fresh database per test class, a network that fails on
 * command, a wait for facts, and the log as data.
 *
 * <p>{@link io.shigoto.support.PostgresServer}, {@link io.shigoto.support.TestDatabase}, {@link
 * io.shigoto.support.TcpProxy} and {@link io.shigoto.support.Await} know nothing of JUnit, so the
 * demo and the benchmarks use them too. Their methods block the calling thread: call them from a
 * test's own thread, never from a pipeline.
 */
@NullMarked
package io.shigoto.support;

import org.jspecify.annotations.NullMarked;
