package io.shigoto.internal.find;

/** Jobs of this worker wait in this queue, and no live node serves both. */
public record Unserved(String queue, String worker) {}
