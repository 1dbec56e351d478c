package io.shigoto.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Option;
import io.shigoto.Health;
import io.shigoto.Schemas;
import io.shigoto.Shigoto;
import io.shigoto.event.JobEvent;
import io.shigoto.event.JobEvent.Kind;
import io.shigoto.job.JobState;
import io.shigoto.job.NewJob;
import io.shigoto.support.Await;
import io.shigoto.support.DatabaseExtension;
import io.shigoto.support.PostgresServer;
import io.shigoto.support.TestDatabase;
import io.shigoto.worker.Outcome;
import io.shigoto.worker.ReactiveWorker;
import io.shigoto.worker.Worker;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The code of docs/operations.md and docs/events.md. */
class OperationsIT {

  private static final Duration LIMIT = Duration.ofSeconds(20);

  @RegisterExtension
  static final DatabaseExtension db = new DatabaseExtension("jobs", Schemas::migrate);

  private final ReactiveWorker<Integer> worker =
      Worker.of("count", Integer.class, job -> Mono.just(Outcome.done()));

  @Test
  void aHealthyNodeIsUp() {
    Shigoto shigoto =
        Shigoto.builder(db.connectionFactory()).worker(worker).queue("default", 1).build();
    shigoto.start().block(LIMIT);
    Await.until(LIMIT, () -> shigoto.health().block(LIMIT).status() == Health.Status.UP);
    // shown
    Mono<Integer> httpStatus =
        shigoto.health().map(health -> health.status() == Health.Status.DOWN ? 503 : 200);
    // end
    assertThat(httpStatus.block(LIMIT)).isEqualTo(200);
    // shown
    Mono<Void> stopped = shigoto.stop(Duration.ofSeconds(30));
    // end
    stopped.block(LIMIT);
    assertThat(httpStatus.block(LIMIT)).isEqualTo(503);
  }

  @Test
  void aNodeLivesFromItsStartToItsStop() {
    ConnectionFactory factory = db.connectionFactory();
    // shown
    Shigoto shigoto =
        Shigoto.builder(factory)
            .name("mail-1")
            .worker(worker)
            .queue("default", 10)
            .retention(Duration.ofDays(30))
            .retention(JobState.COMPLETED, Duration.ofDays(3))
            .build();

    shigoto.start().block();

    Thread end = new Thread(() -> shigoto.stop(Duration.ofSeconds(30)).block());
    Runtime.getRuntime().addShutdownHook(end);
    // end
    assertThat(shigoto.enqueueAndAwait(NewJob.of("count", 1)).thenReturn(true).block(LIMIT))
        .isTrue();
    Runtime.getRuntime().removeShutdownHook(end);
    end.run();
    assertThat(shigoto.health().block(LIMIT).phase()).isEqualTo(Health.Phase.STOPPED);
  }

  @Test
  void aPrintedSchemaNeedsNoMigration() {
    TestDatabase empty = TestDatabase.createEmpty(PostgresServer.shared());
    // shown
    String ddl = Shigoto.ddl("shigoto");
    // end
    empty.sql(ddl);
    ConnectionFactory factory = empty.connectionFactory();
    // shown
    Shigoto shigoto = Shigoto.builder(factory).withoutMigrations().build();
    // end
    shigoto.start().block(LIMIT);
    shigoto.enqueue(NewJob.of("count", 1)).block(LIMIT);
    assertThat(empty.number("SELECT count(*) FROM shigoto.jobs")).isEqualTo(1);
    shigoto.stop(Duration.ZERO).block(LIMIT);
    empty.drop();
  }

  @Test
  void aNodeThatOnlyPollsFindsTheWorkOfOthers() {
    String url = Urls.of(db.options());
    // shown
    ConnectionFactory pooled =
        ConnectionFactories.get(
            ConnectionFactoryOptions.parse(url)
                .mutate()
                .option(Option.valueOf("preparedStatementCacheQueries"), 0)
                .build());

    Shigoto shigoto =
        Shigoto.builder(pooled)
            .pollOnly()
            .pollInterval(Duration.ofMillis(500))
            .worker(worker)
            .queue("default", 10)
            .build();
    // end
    shigoto.start().block(LIMIT);
    long id =
        db.number(
            "INSERT INTO shigoto.jobs (queue, worker, args) VALUES ('default', 'count', '1')"
                + " RETURNING id");
    Await.until(
        LIMIT, () -> db.number("SELECT count(*) FROM shigoto.job_history WHERE id = $1", id) == 1);
    assertThat(db.number("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"))
        .isZero();
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }

  @Test
  void eventsAreHeardByListenersAndStreams() {
    AtomicInteger failures = new AtomicInteger();
    ConnectionFactory factory = db.connectionFactory();
    // shown
    Shigoto shigoto =
        Shigoto.builder(factory)
            .worker(worker)
            .queue("default", 10)
            .listener(
                event -> {
                  if (event.kind() == Kind.FAILED) {
                    failures.incrementAndGet();
                  }
                })
            .build();

    Flux<Duration> waits =
        shigoto.events().filter(event -> event.kind() == Kind.STARTED).map(JobEvent::duration);
    // end
    Queue<Duration> waited = new ConcurrentLinkedQueue<>();
    Disposable watching = waits.subscribe(waited::add);
    shigoto.start().block(LIMIT);
    shigoto
        .enqueueAll(Flux.fromIterable(List.of(NewJob.of("count", 1), NewJob.of("count", "x"))))
        .blockLast(LIMIT);
    Await.until(LIMIT, () -> failures.get() == 1);
    Await.until(LIMIT, () -> waited.size() == 1);
    watching.dispose();
    shigoto.stop(Duration.ZERO).block(LIMIT);
  }
}
