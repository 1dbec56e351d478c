package io.shigoto.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactory;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.r2dbc.connection.R2dbcTransactionManager;
import org.springframework.transaction.reactive.TransactionalOperator;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

class SpringWakeIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  /** The poll is an hour away, so that only a notification can wake the queues. */
  @Test
  void commitWakesTheQueueAndNothingBeforeIt() {
    ConnectionFactory factory = db.connectionFactory();
    Sinks.Many<String> runs = Sinks.many().replay().all();
    Sinks.Empty<Void> commit = Sinks.empty();
    Sinks.Empty<Void> inserted = Sinks.empty();
    Shigoto shigoto =
        Shigoto.builder(factory)
            .worker(
                Worker.of(
                    "tell",
                    String.class,
                    job ->
                        Mono.fromRunnable(() -> runs.tryEmitNext(job.args()).orThrow())
                            .thenReturn(Outcome.done())))
            .queue("default", 1)
            .pollInterval(Duration.ofHours(1))
            .build();
    shigoto.start().block(LIMIT);
    Await.until("the node hears", LIMIT, () -> shigoto.health().block(LIMIT).notificationsArrive());
    shigoto.enqueue(NewJob.of("tell", "first")).block(LIMIT);
    assertThat(runs.asFlux().blockFirst(LIMIT)).isEqualTo("first");

    Mono<Void> held =
        shigoto
            .enqueue(NewJob.of("tell", "joined"))
            .doOnNext(receipt -> inserted.tryEmitEmpty().orThrow())
            .then(commit.asMono())
            .as(TransactionalOperator.create(new R2dbcTransactionManager(factory))::transactional);
    Sinks.Empty<Void> ended = Sinks.empty();
    held.subscribe(
        nothing -> {}, error -> ended.tryEmitError(error).orThrow(), ended::tryEmitEmpty);
    inserted.asMono().block(LIMIT);
    shigoto.enqueue(NewJob.of("tell", "meanwhile")).block(LIMIT);
    assertThat(runs.asFlux().take(2).collectList().block(LIMIT))
        .isEqualTo(List.of("first", "meanwhile"));

    commit.tryEmitEmpty().orThrow();
    ended.asMono().block(LIMIT);
    assertThat(runs.asFlux().take(3).collectList().block(LIMIT))
        .isEqualTo(List.of("first", "meanwhile", "joined"));
    shigoto.stop(Duration.ofSeconds(5)).block(LIMIT);
  }
}
