package io.shigoto.demo;

import io.shigoto.worker.JobContext;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import java.time.Duration;
import reactor.core.publisher.Mono;

/** The worker: counts one file. */
final class CountFile implements ReactiveWorker<FileToCount> {

  private final WordRule rule;

  CountFile(WordRule rule) {
    this.rule = rule;
  }

  @Override
  public Mono<Outcome> perform(JobContext<FileToCount> job) {
    if (job.args().failsFirst() && job.attempt() == 1) {
      return Mono.just(Outcome.failed("the first attempt fails on purpose"));
    }
    return Contents.count(job.args().path(), rule).map(Outcome::done);
  }

  @Override
  public Duration backoff(int attempt, Throwable error) {
    return Duration.ofMillis(100L * attempt);
  }
}
