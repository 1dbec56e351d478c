package io.shigoto.internal.permit;

import io.shigoto.worker.CircuitBreaker;
import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.ReactiveWorker;
import java.util.Set;
import reactor.core.publisher.Mono;

/** A worker of which only the limits matter. */
record Limited(
    String name,
    Set<String> aliases,
    RateLimit rateLimit,
    int concurrency,
    CircuitBreaker circuitBreaker)
    implements ReactiveWorker<String> {

  static Limited free(String name) {
    return new Limited(name, Set.of(), RateLimit.none(), UNLIMITED, CircuitBreaker.none());
  }

  Limited rate(RateLimit rate) {
    return new Limited(name, aliases, rate, concurrency, circuitBreaker);
  }

  Limited concurrency(int most) {
    return new Limited(name, aliases, rateLimit, most, circuitBreaker);
  }

  Limited breaker(CircuitBreaker breaker) {
    return new Limited(name, aliases, rateLimit, concurrency, breaker);
  }

  Limited alias(String alias) {
    return new Limited(name, Set.of(alias), rateLimit, concurrency, circuitBreaker);
  }

  @Override
  public Mono<Outcome> perform(JobContext<String> job) {
    return Mono.empty();
  }
}
