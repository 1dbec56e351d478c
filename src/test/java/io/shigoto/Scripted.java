package io.shigoto;

import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import java.util.Map;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** A worker whose runs follow a script, and whose failed jobs come back soon. */
class Scripted implements ReactiveWorker<Map<String, Object>> {

  /** The args of jobs that need none. */
  static final Map<String, Object> NOTHING = Map.of();

  private final String name;
  private final Function<JobContext<Map<String, Object>>, Mono<Outcome>> script;

  Scripted(String name, Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    this.name = name;
    this.script = script;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Mono<Outcome> perform(JobContext<Map<String, Object>> job) {
    return script.apply(job);
  }

  @Override
  public Duration backoff(int attempt, Throwable error) {
    return Duration.ofMillis(100);
  }
}
