package io.shigoto.worker;

import java.time.Instant;

/**
 * Why an attempt failed. A job keeps its last 20; each is at most 8 KiB.
 *
 * @param attempt the attempt that failed, from 1
 * @param at when, by the database's clock
 * @param node the name of the node that ran it, also if that is lost: another node wrote it then
 * @param type the class of the error, without its package; {@code failed} if the worker gave only a
 *     message
 * @param message the error's message, or an empty string
 * @param stack the stack trace, shortened, or an empty string
 */
public record JobError(
    int attempt, Instant at, String node, String type, String message, String stack) {}
