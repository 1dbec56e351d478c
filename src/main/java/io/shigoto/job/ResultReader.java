package io.shigoto.job;

import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/** Reads results as the node does that found their jobs: with the JsonMapper it was built with. */
@FunctionalInterface
public interface ResultReader {

  /**
   * Reads the result of a job.
   *
   * @return null for the null of JSON
   * @throws ResultDoesNotFit naming the JSON path
   */
  @Nullable Object read(long job, String json, Type type);
}
