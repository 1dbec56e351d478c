package io.shigoto;

import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import java.util.Map;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** A scripted worker that is never kept from running, however often it fails. */
final class Trusted extends Scripted {

  Trusted(String name, Function<JobContext<Map<String, Object>>, Mono<Outcome>> script) {
    super(name, script);
  }

  @Override
  public CircuitBreaker circuitBreaker() {
    return CircuitBreaker.none();
  }
}
