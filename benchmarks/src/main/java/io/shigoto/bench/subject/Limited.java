package io.shigoto.bench.subject;

import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.RateLimit;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import reactor.core.publisher.Mono;

/** Does nothing, a hundred times in a second at most. */
final class Limited implements ReactiveWorker<Numbered> {

  @Override
  public String name() {
    return "limited";
  }

  @Override
  public RateLimit rateLimit() {
    return RateLimit.of(100, Duration.ofSeconds(1)).tokenBucket();
  }

  @Override
  public Mono<Outcome> perform(JobContext<Numbered> job) {
    return Mono.empty();
  }
}
