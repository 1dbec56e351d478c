package io.shigoto.bench.subject;

/**
 * The arguments of every job.
 *
 * @param i which job of the run it is
 */
public record Numbered(int i) {}
