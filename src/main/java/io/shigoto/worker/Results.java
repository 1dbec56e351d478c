package io.shigoto.worker;

import java.util.Map;
import java.util.Optional;
import tools.jackson.core.type.TypeReference;

/**
 * What the jobs gave back that a job depends on, as it stood when its run began. Of a job that gave
 * nothing, did not complete, or is no longer kept, there is none.
 *
 * <p>Safe for any number of threads. Errors: a result that does not fit the type is an exception
 * that names the JSON path. If all of them together are larger than 64 MiB of JSON, each method
 * throws an {@link IllegalStateException} that says so.
 */
public interface Results {

  /** The result of a job, as this type; empty if there is none. */
  <R> Optional<R> of(long id, Class<R> type);

  /** The result of a job, as this type; empty if there is none. */
  <R> Optional<R> of(long id, TypeReference<R> type);

  /** The result of a step of the same workflow, as this type; empty if there is none. */
  <R> Optional<R> of(String step, Class<R> type);

  /** The result of a step of the same workflow, as this type; empty if there is none. */
  <R> Optional<R> of(String step, TypeReference<R> type);

  /** All results, as this type, by job; ascending. */
  <R> Map<Long, R> all(Class<R> type);

  /** All results as JSON text, by job; ascending. */
  Map<Long, String> json();
}
