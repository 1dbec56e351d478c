package io.shigoto.internal.explain;

/** What of a job decides who may claim it. */
record ExplainedJob(String queue, String worker, int priority) {}
