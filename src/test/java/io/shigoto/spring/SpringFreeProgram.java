package io.shigoto.spring;

import io.r2dbc.spi.ConnectionFactories;
import io.shigoto.Shigoto;
import io.shigoto.job.NewJob;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Enqueues three jobs and runs them; takes a URL, and answers with what the runs were given. */
public final class SpringFreeProgram implements Function<String, List<String>> {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  @Override
  public List<String> apply(String url) {
    Sinks.Many<String> runs = Sinks.many().replay().all();
    Shigoto shigoto =
        Shigoto.builder(ConnectionFactories.get(url))
            .worker(
                Worker.of(
                    "tell",
                    String.class,
                    job ->
                        Mono.fromRunnable(() -> runs.tryEmitNext(job.args()).orThrow())
                            .thenReturn(Outcome.done())))
            .queue("default", 1)
            .build();
    return shigoto
        .start()
        .then(shigoto.enqueue(NewJob.of("tell", "a")))
        .thenMany(shigoto.enqueueAll(Flux.just(NewJob.of("tell", "b"), NewJob.of("tell", "c"))))
        .then(runs.asFlux().take(3).collectList())
        .flatMap(told -> shigoto.stop(Duration.ofSeconds(5)).thenReturn(told))
        .block(LIMIT);
  }
}
