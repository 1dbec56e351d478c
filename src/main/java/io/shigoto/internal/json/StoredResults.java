package io.shigoto.internal.json;

import static java.util.Objects.requireNonNull;

import io.shigoto.job.ResultReader;
import io.shigoto.worker.Results;
import java.lang.reflect.Type;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.core.type.TypeReference;

/** Results as they stand in the database, read when they are asked for. */
public final class StoredResults implements Results {

  private final SortedMap<Long, String> byId = new TreeMap<>();
  private final Map<String, Long> steps = new HashMap<>();
  private final ResultReader reader;

  public StoredResults(ResultReader reader) {
    this.reader = reader;
  }

  /** Adds one, before anybody reads. */
  public void add(long id, String json) {
    byId.put(id, json);
  }

  /** Says, before anybody reads, which job is a step of the workflow. */
  public void name(String step, long id) {
    steps.put(step, id);
  }

  @Override
  public <R> Optional<R> of(long id, Class<R> type) {
    return read(id, requireNonNull(type, "type"));
  }

  @Override
  public <R> Optional<R> of(long id, TypeReference<R> type) {
    return read(id, requireNonNull(type, "type").getType());
  }

  @Override
  public <R> Optional<R> of(String step, Class<R> type) {
    return readStep(step, requireNonNull(type, "type"));
  }

  @Override
  public <R> Optional<R> of(String step, TypeReference<R> type) {
    return readStep(step, requireNonNull(type, "type").getType());
  }

  @Override
  public <R> Map<Long, R> all(Class<R> type) {
    requireNonNull(type, "type");
    Map<Long, R> all = new LinkedHashMap<>();
    byId.keySet().forEach(id -> this.<R>read(id, type).ifPresent(result -> all.put(id, result)));
    return Collections.unmodifiableMap(all);
  }

  @Override
  public Map<Long, String> json() {
    return Collections.unmodifiableMap(byId);
  }

  private <R> Optional<R> readStep(String step, Type type) {
    return Optional.ofNullable(steps.get(requireNonNull(step, "step")))
        .flatMap(id -> read(id, type));
  }

  @SuppressWarnings("unchecked") // the reader reads it as that type
  private <R> Optional<R> read(long id, Type type) {
    return Optional.ofNullable(byId.get(id)).map(json -> (R) reader.read(id, json, type));
  }

  @Override
  public String toString() {
    return "Results[of=" + byId.keySet() + "]";
  }
}
