package io.shigoto.internal.json;

import io.shigoto.worker.Results;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.type.TypeReference;

/** Results that were not read: whoever asks for one is told why. */
public final class RefusedResults implements Results {

  private final String why;

  public RefusedResults(String why) {
    this.why = why;
  }

  @Override
  public <R> Optional<R> of(long id, Class<R> type) {
    throw refusal();
  }

  @Override
  public <R> Optional<R> of(long id, TypeReference<R> type) {
    throw refusal();
  }

  @Override
  public <R> Optional<R> of(String step, Class<R> type) {
    throw refusal();
  }

  @Override
  public <R> Optional<R> of(String step, TypeReference<R> type) {
    throw refusal();
  }

  @Override
  public <R> Map<Long, R> all(Class<R> type) {
    throw refusal();
  }

  @Override
  public Map<Long, String> json() {
    throw refusal();
  }

  private IllegalStateException refusal() {
    return new IllegalStateException(why);
  }
}
