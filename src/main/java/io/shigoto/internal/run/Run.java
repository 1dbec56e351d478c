package io.shigoto.internal.run;

import io.shigoto.internal.job.Claimed;
import io.shigoto.internal.job.RunKey;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * One claimed job in the hands of this node, from the claim's answer until its settlement is
 * committed.
 */
public final class Run {

  private final Claimed job;
  private final RunKey key;
  private final Sinks.Empty<Void> cut = Sinks.empty();

  Run(Claimed job) {
    this.job = job;
    this.key = RunKey.of(job);
  }

  public Claimed job() {
    return job;
  }

  public RunKey key() {
    return key;
  }

  /** Ends the run: its subscription is cancelled, and the job is given back. */
  void cut() {
    cut.tryEmitEmpty();
  }

  /** Completes when the run is to end. */
  Mono<Void> whenCut() {
    return cut.asMono();
  }
}
