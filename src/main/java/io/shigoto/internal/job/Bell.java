package io.shigoto.internal.job;

/** Told of what was just committed, so that those who wait for it look. */
@FunctionalInterface
public interface Bell {

  /** Tells of it. */
  void ring(News news);
}
