package io.shigoto.internal.run;

import io.shigoto.worker.JobContext;
import io.shigoto.worker.Middleware;
import io.shigoto.worker.Outcome;
import java.util.List;
import reactor.core.publisher.Mono;

/** Puts middleware around the work of a run: the first of the list is the outermost. */
final class Around {

  private Around() {}

  /**
   * The work with everything around it.
   *
   * @param work may be subscribed to more than once
   */
  static Mono<Outcome> of(List<Middleware> middleware, JobContext<?> job, Mono<Outcome> work) {
    Mono<Outcome> rest = work;
    for (int i = middleware.size() - 1; i >= 0; i--) {
      rest = step(middleware.get(i), job, rest);
    }
    return rest;
  }

  private static Mono<Outcome> step(Middleware outer, JobContext<?> job, Mono<Outcome> rest) {
    Mono<Outcome> next = new Guarded<>(rest).defaultIfEmpty(Outcome.done());
    return Mono.defer(() -> outer.handle(job, () -> next));
  }
}
